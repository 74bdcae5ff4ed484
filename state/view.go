package state

import "bytes"

// View is the committed rows of a task's store, for those who read it from outside. One goroutine.
type View struct {
	StreamTime int64 // of the task as of its last commit, Unix ms; the least int64 before the first record
	Standby    bool  // these are rows of a copy: its stores are not of one commit, nor is the stream time
	Reads      int   // rows looked at so far, and keys

	get            func(key []byte) (value []byte, ok bool, err error)
	scan, scanBack func(from, to []byte, visit func(key, value []byte) bool) error
}

// View reads the rows of a table that has nothing uncommitted, and leaves its cache as it is.
func (t *Table) View(streamTime int64) *View {
	return &View{StreamTime: streamTime, get: t.Peek, scan: t.Scan, scanBack: t.ScanBack}
}

// StandbyView reads the rows of a store that follows its changelog.
func StandbyView(store Store, streamTime int64) *View {
	return &View{StreamTime: streamTime, Standby: true, get: store.Get, scan: store.Scan, scanBack: store.ScanBack}
}

// Get returns the value of a row. The bytes are valid until the next call on the view. Errors are the store's.
func (v *View) Get(key []byte) (value []byte, ok bool, err error) {
	v.Reads++
	return v.get(key)
}

// Scan visits the rows with from <= key < to in ascending order, as Store.Scan does.
func (v *View) Scan(from, to []byte, visit func(key, value []byte) bool) error {
	return v.all(v.scan, from, to, visit)
}

// ScanBack is Scan in descending order.
func (v *View) ScanBack(from, to []byte, visit func(key, value []byte) bool) error {
	return v.all(v.scanBack, from, to, visit)
}

// all passes over what a table keeps in the store for itself.
func (v *View) all(scan func(from, to []byte, visit func(key, value []byte) bool) error, from, to []byte, visit func(key, value []byte) bool) error {
	v.Reads++
	return scan(from, to, func(key, value []byte) bool {
		v.Reads++
		_, trim := Trimmed(key, value)
		return trim || visit(key, value)
	})
}

// Records visits the rows of a store whose keys are a prefix and the key of a record, in the bounds and the order asked
// for. It gives those keys without the prefix; b.After is one of them.
func (v *View) Records(prefix []byte, b Bounds, visit func(record, row []byte) bool) error {
	from, to := b.From, b.To
	if b.Key != nil {
		from, to = b.Key, next(b.Key)
	}
	scan := v.Scan
	switch {
	case b.Reverse && b.After != nil:
		if len(b.After) == 0 {
			return nil // nothing is below the empty key
		}
		scan, to = v.ScanBack, b.After
	case b.Reverse:
		scan = v.ScanBack
	case b.After != nil:
		from = next(b.After)
	}
	return scan(append(bytes.Clone(prefix), from...), upper(prefix, to), func(key, row []byte) bool {
		return visit(key[len(prefix):], row)
	})
}

// next is the key behind a key.
func next(key []byte) []byte { return append(key[:len(key):len(key)], 0) }

// upper is the bound of the keys that begin with a prefix and go on below a key, empty for all.
func upper(prefix, to []byte) []byte {
	if len(to) > 0 || len(prefix) == 0 {
		return append(bytes.Clone(prefix), to...)
	}
	end := bytes.Clone(prefix)
	end[len(end)-1]++
	return end
}
