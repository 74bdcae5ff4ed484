package mirror

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/state"
)

const shownTable = "mirror-shown"

// shown is what a hash of Redis should show.
type shown struct {
	offset  int64 // of the record that decided it
	present bool  // false: nothing, the hash is removed
	start   int64 // of the window
}

// shownRows is the store of them, by experiment and grain, see grainOf.
type shownRows struct {
	table *state.Table
	key   []byte
}

const (
	shownLayout = 1
	shownLength = 18
)

// get gives the zero value for a hash of which nothing is known.
func (s *shownRows) get(experiment, grain string) (shown, error) {
	s.key = append(append(append(s.key[:0], experiment...), '|'), grain...)
	row, ok, err := s.table.Get(s.key)
	if err != nil || !ok {
		return shown{}, err
	}
	if len(row) != shownLength || row[0] != shownLayout {
		return shown{}, fmt.Errorf("mirror: row %q of %s: malformed: %x", s.key, shownTable, row)
	}
	return shown{
		present: row[1] == 1,
		offset:  int64(binary.BigEndian.Uint64(row[2:])),
		start:   int64(binary.BigEndian.Uint64(row[10:])),
	}, nil
}

func (s *shownRows) put(experiment, grain string, v shown) {
	row := make([]byte, 2, shownLength)
	row[0] = shownLayout
	if v.present {
		row[1] = 1
	}
	row = binary.BigEndian.AppendUint64(row, uint64(v.offset))
	row = binary.BigEndian.AppendUint64(row, uint64(v.start))
	s.key = append(append(append(s.key[:0], experiment...), '|'), grain...)
	s.table.Put(s.key, row)
}

func (s *shownRows) each(visit func(experiment, grain string)) error {
	return s.table.Scan(nil, nil, func(key, _ []byte) bool {
		experiment, grain, _ := strings.Cut(string(key), "|")
		visit(experiment, grain)
		return true
	})
}

// newest is the newest window of a key's grain in the table; the record is nil if there is none.
func (p *processor) newest(key result.Key) (start int64, rec *result.Record, err error) {
	prefix := key.Experiment + "|" + key.Grain + "|"
	var starts []int64
	err = p.rows.Scan([]byte(prefix), []byte(prefix[:len(prefix)-1]+"}"), func(row, _ []byte) bool { // '}' follows '|'
		if k, err := result.ParseKey(string(row)); err == nil {
			starts = append(starts, k.Start)
		}
		return true
	})
	slices.Sort(starts)
	for i := len(starts) - 1; i >= 0 && rec == nil && err == nil; i-- {
		start = starts[i]
		rec, err = p.record(result.WindowKey(key.Experiment, key.Grain, start))
	}
	return start, rec, err
}

// record reads a record from the table. It is nil where there is none: what is not readable has been put aside when it
// came; what compaction has removed ahead of us comes again in a newer form.
func (p *processor) record(key string) (*result.Record, error) {
	data, ok, err := p.rows.Get([]byte(key))
	if err != nil || !ok {
		return nil, err
	}
	rec, err := parse(key, data)
	if err != nil {
		return nil, nil //nolint:nilerr // a dead letter already
	}
	return rec, nil
}
