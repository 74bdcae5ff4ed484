package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Forever is the end of a version that no other follows.
const Forever = math.MaxInt64

// Version is what a key's value was in [Since, Until), Unix ms; Until is Forever for the newest one.
type Version struct {
	Value        []byte // valid until the next call on the table
	Since, Until int64
}

// Versions is a view of a Table as a versioned store, as Kafka Streams' (KIP-889): it tells the value of a key as of any
// time that is not further back than the retention. Records may come in any order; a deletion is a version without value.
// The retention may be another one when the table is opened again: longer, it begins with what is kept by then.
// The table has no other rows than those of the view. Times are event times in Unix ms; now is stream time, which says
// how far back versions are kept. One goroutine.
type Versions struct {
	table              *Table // nil of a View, which is not written
	where              string // the table, in errors
	rows               versionReads
	retention, stretch int64
	newestKey, key     []byte
	index              []byte
	fresh, found       []byte
	doomed             []byte // keys: uvarint length, key
	next               int64  // stream time at which Expire has something to do

	look func(row, value []byte) bool // see, made once
	hit  struct {
		row   versionRow
		until int64
		found bool
		err   error
	}
}

var errVersion = errors.New("malformed")

// versionReads are read: those of a table or of a view.
type versionReads interface {
	Get(key []byte) (value []byte, ok bool, err error)
	Scan(from, to []byte, visit func(key, value []byte) bool) error
}

const (
	versionsLayout = 1
	versionHead    = 1 + 1 + 8
	versionDeleted = 0
	versionValue   = 1

	indexRow   = 'e' // stretch 8 | key
	historyRow = 'h' // uvarint length | key | until 8
	newestRow  = 'n' // key

	stretches   = 8    // that the retention is cut into: one row of the index a key and stretch
	expirePage  = 1024 // keys of the index in memory at a time
	versionSign = 1 << 63
)

// NewVersions views a table as versions that are kept for this many ms of stream time after they were succeeded.
func NewVersions(table *Table, retention int64) *Versions {
	v := viewVersions(table, "table "+table.name+": ", retention)
	v.table = table
	return v
}

func viewVersions(rows versionReads, where string, retention int64) *Versions {
	v := &Versions{where: where, rows: rows, retention: max(retention, 0), stretch: max(retention/stretches, 1), next: math.MinInt64}
	v.look = v.see
	return v
}

// Next is the stream time at which Expire has something to remove: at once where the table has just been opened, Forever
// where there is nothing.
func (v *Versions) Next() int64 { return v.next }

// Put adds the version of a key that begins at a time, or replaces it; a nil value is a deletion. It returns the time at
// which the next version begins, Forever where this is the newest. A time further back than the retention leaves all as
// it is, and kept is false. The bytes are copied. Errors are the store's.
func (v *Versions) Put(key, value []byte, at, now int64) (until int64, kept bool, err error) {
	if at < v.horizon(now) {
		return 0, false, nil
	}
	newest, found, err := v.newest(key)
	if err != nil {
		return 0, false, err
	}
	v.fresh = appendVersion(v.fresh[:0], value, at)
	switch {
	case found && at < newest.since:
		until, err = v.insert(key, at, newest.since)
		return until, err == nil, err
	case found && at > newest.since:
		v.putHistory(key, at, newest.row)
	case value == nil:
		if err := v.guard(key, at); err != nil {
			return 0, false, err
		}
	}
	v.table.Put(v.newestKey, v.fresh)
	return Forever, true, nil
}

// guard makes sure that a deletion with which a key begins has a row of history before it, which Expire finds.
func (v *Versions) guard(key []byte, at int64) error {
	v.key = historyKey(v.key[:0], key, at)
	_, found, err := v.table.Get(v.key)
	if err == nil && !found {
		v.putHistory(key, at, appendVersion(nil, nil, math.MinInt64))
	}
	return err
}

// insert puts the version in v.fresh among older ones.
func (v *Versions) insert(key []byte, at, newest int64) (until int64, err error) {
	row, until, found, err := v.history(key, at)
	switch {
	case err != nil:
		return 0, err
	case !found:
		until = newest
	case row.since > at: // it is the first one
		until = row.since
	case row.since < at && row.since > math.MinInt64:
		v.found = append(v.found[:0], row.row...)
		v.putHistory(key, at, v.found)
	}
	v.putHistory(key, until, v.fresh)
	return until, nil
}

// Get returns the newest version of a key, false if it has none or that is a deletion. Errors are the store's.
func (v *Versions) Get(key []byte) (Version, bool, error) {
	newest, found, err := v.newest(key)
	if err != nil || !found || newest.deleted() {
		return Version{}, false, err
	}
	return newest.version(Forever), true, nil
}

// GetAsOf returns the version of a key that held at a time, false if there was none or it is a deletion. Further back
// than the retention only the newest version is told, where it began by then: what else there was is not known for sure.
func (v *Versions) GetAsOf(key []byte, at, now int64) (Version, bool, error) {
	newest, found, err := v.newest(key)
	if err != nil || !found {
		return Version{}, false, err
	}
	until := int64(Forever)
	if newest.since > at {
		if at < v.horizon(now) {
			return Version{}, false, nil
		}
		if newest, until, found, err = v.history(key, at); err != nil || !found || newest.since > at {
			return Version{}, false, err
		}
	}
	if newest.deleted() {
		return Version{}, false, nil
	}
	return newest.version(until), true, nil
}

// Expire removes the versions that ended before the retention. Call it when stream time has come to Next: reads do not
// depend on it. Errors are the store's.
func (v *Versions) Expire(now int64) error {
	for {
		v.next, v.doomed = Forever, v.doomed[:0]
		keys := 0
		err := v.table.Scan([]byte{indexRow}, []byte{indexRow + 1}, func(key, _ []byte) bool {
			if due := v.due(stretchOf(key)); due > now {
				v.next = due
				return false
			}
			v.doomed = appendBytes(v.doomed, key)
			keys++
			return keys < expirePage
		})
		for rest := v.doomed; err == nil && len(rest) > 0; {
			var key []byte
			key, rest = cutBytes(rest)
			err = v.expire(key, v.horizon(now))
		}
		if err != nil || keys < expirePage {
			return err
		}
	}
}

// expire removes what the index lists in one row.
func (v *Versions) expire(index []byte, horizon int64) error {
	key := index[9:]
	var rows []byte
	err := v.table.Scan(historyKey(nil, key, math.MinInt64), historyKey(nil, key, horizon+1), func(row, _ []byte) bool {
		rows = appendBytes(rows, row)
		return true
	})
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		var row []byte
		row, rows = cutBytes(rows)
		v.table.Delete(row)
	}
	v.table.Delete(index)
	// A stretch that was longer under another retention has rows that stay, and that nothing else may list.
	if _, until, left, err := v.history(key, horizon); err != nil {
		return err
	} else if left {
		v.list(key, until)
	}
	newest, found, err := v.newest(key)
	if err == nil && found && newest.deleted() && newest.since <= horizon {
		v.table.Delete(v.newestKey)
	}
	return err
}

// due is the stream time at which all versions that ended in a stretch may go.
func (v *Versions) due(start int64) int64 { return start + v.stretch - 1 + v.retention }

// horizon is the earliest time that the retention reaches back to.
func (v *Versions) horizon(now int64) int64 {
	if now < math.MinInt64+v.retention {
		return math.MinInt64
	}
	return now - v.retention
}

// newest reads the newest version of a key and leaves the key of its row in v.newestKey.
func (v *Versions) newest(key []byte) (w versionRow, found bool, err error) {
	v.newestKey = append(append(v.newestKey[:0], newestRow), key...)
	row, found, err := v.rows.Get(v.newestKey)
	if err == nil && found {
		w, err = v.parse(v.newestKey, row)
	}
	return w, found, err
}

// history reads the first version that ended after a time.
func (v *Versions) history(key []byte, at int64) (w versionRow, until int64, found bool, err error) {
	v.key = historyKey(v.key[:0], key, at+1)
	v.index = append(historyKey(v.index[:0], key, math.MaxInt64), 0)
	v.hit.found, v.hit.err = false, nil
	if err = v.rows.Scan(v.key, v.index, v.look); err == nil {
		err = v.hit.err
	}
	return v.hit.row, v.hit.until, v.hit.found, err
}

// see makes a row of history the hit of a search, and ends it.
func (v *Versions) see(row, value []byte) bool {
	v.hit.until, v.hit.found = int64(binary.BigEndian.Uint64(row[len(row)-8:])^versionSign), true
	v.found = append(v.found[:0], value...)
	v.hit.row, v.hit.err = v.parse(row, v.found)
	return false
}

// putHistory puts the version of a key that ended at a time, and lists it.
func (v *Versions) putHistory(key []byte, until int64, row []byte) {
	v.key = historyKey(v.key[:0], key, until)
	v.table.Put(v.key, row)
	v.list(key, until)
}

// list lists the versions of a key that ended in the stretch of a time in the index.
func (v *Versions) list(key []byte, until int64) {
	start := until - until%v.stretch
	if until < start {
		start -= v.stretch
	}
	v.index = binary.BigEndian.AppendUint64(append(v.index[:0], indexRow), uint64(start)^versionSign)
	v.index = append(v.index, key...)
	v.next = min(v.next, v.due(start))
	if _, found, err := v.table.Get(v.index); err != nil || !found {
		v.table.Put(v.index, []byte{versionsLayout})
	}
}

func (v *Versions) parse(key, row []byte) (w versionRow, err error) {
	if w, err = parseVersion(row); err != nil {
		return w, fmt.Errorf("state: %sversion row %x: %w: the table has rows of another kind; give the store another name, or clear it", v.where, key, err)
	}
	return w, nil
}

func parseVersion(row []byte) (versionRow, error) {
	if len(row) < versionHead || row[0] != versionsLayout || row[1] > versionValue {
		return versionRow{}, errVersion
	}
	return versionRow{row: row, since: int64(binary.BigEndian.Uint64(row[2:]))}, nil
}

// versionRow is a version as it is stored.
type versionRow struct {
	row   []byte
	since int64
}

func (w versionRow) deleted() bool { return w.row[1] == versionDeleted }

func (w versionRow) version(until int64) Version {
	return Version{Value: w.row[versionHead:len(w.row):len(w.row)], Since: w.since, Until: until}
}

func appendVersion(dst, value []byte, since int64) []byte {
	kind := byte(versionValue)
	if value == nil {
		kind = versionDeleted
	}
	return append(binary.BigEndian.AppendUint64(append(dst, versionsLayout, kind), uint64(since)), value...)
}

func historyKey(dst, key []byte, until int64) []byte {
	dst = appendBytes(append(dst, historyRow), key)
	return binary.BigEndian.AppendUint64(dst, uint64(until)^versionSign)
}

// stretchOf is the start of the stretch of time in a key of the index.
func stretchOf(index []byte) int64 { return int64(binary.BigEndian.Uint64(index[1:]) ^ versionSign) }
