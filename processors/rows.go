package processors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
)

const (
	rowVersion   = 1
	datedVersion = 2 // of windows with an Every
)

// row is a result as it is stored.
type row[A any] struct {
	result A
	found  bool
	time   int64 // Unix ms: event time of stamped rows, stream time of the last change of dated ones
}

// rows is the typed view of an aggregate's table: rows are read, then written back, one at a time.
// Its buffers and its row are used again by every call, so that a record costs no allocation.
type rows[K, A any] struct {
	table   *state.Table
	keys    codecs.Codec[K]
	values  codecs.Codec[A]
	stamped bool  // rows carry an event time
	dated   bool  // rows carry the stream time of their last change
	silent  bool  // changes are not listed
	held    bool  // changes stay listed over commits
	since   int64 // of dated rows: those changed from then on are listed

	key     []byte // of the row at hand
	stored  []byte // its bytes in the table, valid until the next call on it
	old     []byte // a copy for the result to alias, which the user's function may write to
	fresh   []byte // its bytes to come
	row     row[A]
	changed []byte // keys of the rows that changed since the last flush: uvarint length, key
	out     K
}

// encodeError is a key or result that its codec refused.
type encodeError struct{ cause error }

func (e encodeError) Error() string { return e.cause.Error() }
func (e encodeError) Unwrap() error { return e.cause }

// read makes the row of a key the one at hand.
func (r *rows[K, A]) read(key K) (row[A], error) {
	encoded, err := r.keys.Append(r.key[:0], key)
	if err != nil {
		return row[A]{}, encodeError{fmt.Errorf("key: %w", err)}
	}
	r.key = encoded
	return r.load(r.key)
}

// load reads a row by its encoded key.
func (r *rows[K, A]) load(key []byte) (row[A], error) {
	var none row[A]
	r.row = none
	stored, ok, err := r.table.Get(key)
	if err != nil || !ok {
		return none, err
	}
	r.stored, r.old = stored, append(r.old[:0], stored...)
	if err := r.parse(r.old); err != nil {
		return none, misread(r.table.Name(), key, err)
	}
	return r.row, nil
}

func (r *rows[K, A]) parse(data []byte) error {
	result, err := resultOf(data, r.stamped)
	if err != nil {
		return err
	}
	r.row.time = 0
	if len(data)-len(result) > 1 {
		r.row.time = int64(binary.BigEndian.Uint64(data[1:]))
	}
	r.row.found = true
	return r.values.Parse(result, &r.row.result)
}

// resultOf is what lies behind the head of a row.
func resultOf(row []byte, stamped bool) ([]byte, error) {
	if len(row) == 0 || row[0] != rowVersion && (stamped || row[0] != datedVersion) {
		return nil, errRow
	}
	head := rowHead(row[0], stamped)
	if len(row) < head {
		return nil, errRow
	}
	return row[head:], nil
}

// stampedResult is resultOf the rows of an aggregate.
func stampedResult(row []byte) ([]byte, error) { return resultOf(row, true) }

// rowHead is the length of a row of a version before its result.
func rowHead(version byte, stamped bool) int {
	if stamped || version == datedVersion {
		return 1 + 8
	}
	return 1
}

// write sets the row at hand, unless its result stays as it is.
func (r *rows[K, A]) write(result A, time int64) error {
	fresh := append(r.fresh[:0], rowVersion)
	if r.dated {
		fresh[0] = datedVersion
	}
	if r.stamped || r.dated {
		fresh = binary.BigEndian.AppendUint64(fresh, uint64(time))
	}
	fresh, err := r.values.Append(fresh, result)
	if err != nil {
		return encodeError{fmt.Errorf("result: %w", err)}
	}
	r.fresh = fresh
	if r.row.found && bytes.Equal(fresh[rowHead(fresh[0], r.stamped):], r.stored[rowHead(r.stored[0], r.stamped):]) {
		return nil
	}
	if dirtied := r.table.Put(r.key, fresh); !r.silent && !r.listed(r.row, !dirtied) {
		r.changed = appendBytes(r.changed, r.key)
	}
	return nil
}

// listed says whether a row is among the changed ones; dirty, whether it has changed since the last commit.
func (r *rows[K, A]) listed(row row[A], dirty bool) bool {
	return !r.silent && (r.held || dirty) && (!r.dated || row.found && row.time >= r.since)
}

// eachChanged visits the rows that changed since the last call in the order they first did, leaving
// out those deleted since.
func (r *rows[K, A]) eachChanged(visit func(key K, row row[A]) error) error {
	for key := range eachBytes(r.changed) {
		row, err := r.load(key)
		if err != nil {
			return err
		}
		if !row.found {
			continue
		}
		if err := r.keys.Parse(key, &r.out); err != nil {
			return misread(r.table.Name(), key, err)
		}
		if err := visit(r.out, row); err != nil {
			return err
		}
	}
	r.changed = r.changed[:0]
	return nil
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// eachBytes goes through a list that appendBytes wrote.
func eachBytes(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := list; len(rest) > 0; {
			var first []byte
			if first, rest = cutBytes(rest); !yield(first) {
				return
			}
		}
	}
}

// cutBytes splits what appendBytes wrote.
func cutBytes(list []byte) (first, rest []byte) {
	n, width := binary.Uvarint(list)
	end := width + int(n)
	return list[width:end:end], list[end:]
}
