package state

import "cmp"

// ReadVersions is the reading of the rows of Versions that are kept for this many ms: it shows the newest version of
// each key that is no deletion.
func ReadVersions(retention int64) Reading { return versionReading{retention} }

type versionReading struct{ retention int64 }

func (r versionReading) Record(key []byte) ([]byte, error) { return key, nil }

func (r versionReading) Get(v *View, key []byte) (value []byte, ok bool, err error) {
	newest, ok, err := v.AsOf(key, Forever, r.retention)
	return newest.Value, ok, err
}

func (r versionReading) Scan(v *View, b Bounds, visit func(at []byte, row Shown) bool) error {
	var fault error
	err := v.Records([]byte{newestRow}, b, func(key, row []byte) bool {
		newest, err := parseVersion(row)
		switch {
		case err != nil:
			fault = rowError(key, err)
			return false
		case newest.deleted():
			return visit(key, Shown{})
		}
		return visit(key, Shown{Key: key, Value: newest.version(Forever).Value, Record: key})
	})
	return cmp.Or(err, fault)
}

// AsOf is Versions.GetAsOf of a view of its rows.
func (v *View) AsOf(key []byte, at, retention int64) (Version, bool, error) {
	return viewVersions(v, "", retention).GetAsOf(key, at, v.StreamTime)
}
