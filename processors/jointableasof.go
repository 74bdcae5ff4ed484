package processors

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// JoinTableAsOf joins each record of a stream with the row that a versioned table had for its key at
// the record's time. Records wait in the store of its name until stream time has passed their time
// plus the grace, so updates that are no later than that are seen whatever order they come in; then
// they are joined in the order of their times, with their time and their headers. A record that
// comes later than the grace is joined at once. The grace is shorter than the table's history.
//
// A stream whose keys have changed goes through <app>-<name>-repartition. An update of the table
// joins nothing, nor does a tombstone of the stream. The result has no codec for its value.
func JoinTableAsOf[K, V, T, VO any](in topology.Stream[K, V], table topology.Table[K, T], grace time.Duration, name string, join func(k K, v V, row T) VO) topology.Stream[K, VO] {
	needFunc(in, name, join != nil)
	return joinTableAsOf(in, table, grace, name, false, func(k K, v V, row *T) VO { return join(k, v, *row) })
}

// LeftJoinTableAsOf is JoinTableAsOf that also joins a record for whose key the table had no row: row
// is nil then. It is valid during the call.
func LeftJoinTableAsOf[K, V, T, VO any](in topology.Stream[K, V], table topology.Table[K, T], grace time.Duration, name string, join func(k K, v V, row *T) VO) topology.Stream[K, VO] {
	return joinTableAsOf(in, table, grace, name, true, join)
}

func joinTableAsOf[K, V, T, VO any](in topology.Stream[K, V], table topology.Table[K, T], grace time.Duration, name string, left bool, join func(k K, v V, row *T) VO) topology.Stream[K, VO] {
	needFunc(in, name, join != nil)
	switch b := topology.BuilderOf(in); {
	case grace < 0 || grace%time.Millisecond != 0:
		b.Fault("node %q: its grace is %s; it must be a whole number of ms, at least 0", name, grace)
	case table.Store.History == 0:
		b.Fault("node %q: table %q has no history; make it by ToVersionedTable", name, table.Store.Name)
	case grace.Milliseconds() >= table.Store.History:
		b.Fault("node %q: its grace of %s is not shorter than the history of table %q, %d ms: what it waits for would be gone", name, grace, table.Store.Name, table.Store.History)
	}
	_, value := topology.Codecs(in)
	in = grouped(in, name, value)
	key, value := topology.Codecs(in)
	store := topology.Store{Name: name, Layout: topology.LayoutOf("records by time", key, value)}
	needs := topology.Needs{Stores: []topology.Store{store}}
	joined := topology.Join(in, table.Stream, name, needs, func(out topology.Forward[K, VO]) topology.Sides[K, V, T] {
		p := &asOf[K, V, T, VO]{lookup: newLookup(in, table, name, left, join, out), grace: grace.Milliseconds()}
		return topology.Sides[K, V, T]{Init: p.Init, Left: p.Process, Right: func(*topology.Record[K, T]) error { return nil }}
	})
	joined = topology.Reach(topology.KeepKeys(joined), grace.Milliseconds()+1)
	return topology.WithCodecs(joined, key, nil)
}

// asOf is a node that keeps the records of a stream until the rows of their times are known.
//
// Invariant (before they go): its timer fires before that of the table, which is initialised after
// it, and the history is longer than the grace: when records are joined their rows are still there.
type asOf[K, V, T, VO any] struct {
	*lookup[K, V, T, VO]
	grace   int64
	held    *state.Table
	timer   *topology.Timer
	first   int64 // no record that is held has an earlier time
	value   []byte
	key     []byte            // of the row at hand
	row     []byte            // a copy of it
	last    map[string]uint32 // of a time and key with full rows: the number of the last
	closing []byte            // keys of the rows to join: uvarint length, key
	rec     topology.Record[K, V]
}

const (
	asOfHead = 1 + 8 // before the key in the key of a row
	asOfTail = 4     // behind it
)

func (p *asOf[K, V, T, VO]) Init(ctx topology.Context) error {
	p.held, p.timer, p.first = ctx.Table(p.name), ctx.OnStreamTime(p.close), math.MaxInt64
	p.last = map[string]uint32{}
	ctx.SetGrace(p.grace) // results are still to come with times of that long ago
	if err := p.lookup.Init(ctx); err != nil {
		return err
	}
	return eachRow(p.held, asOfHead+asOfTail, nil, func(key, _ []byte) bool {
		p.expect(startOf(key))
		return false
	})
}

// closes is the stream time at which a record is joined.
func (p *asOf[K, V, T, VO]) closes(at int64) int64 { return at + p.grace + 1 }

func (p *asOf[K, V, T, VO]) expect(at int64) {
	p.first = min(p.first, at)
	p.timer.Sooner(p.closes(at))
}

func (p *asOf[K, V, T, VO]) Process(rec *topology.Record[K, V]) (err error) {
	if rec.Tombstone || rec.Keyless || p.closes(rec.Time) <= p.StreamTime() {
		return p.lookup.Process(rec)
	}
	if p.encoded, err = p.lookup.key.Append(p.encoded[:0], rec.Key); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("key: %w", err))
		return nil
	}
	if p.value, err = p.lookup.value.Append(p.value[:0], rec.Value); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("value: %w", err))
		return nil
	}
	if err := p.room(rec.Time); err != nil {
		return err
	}
	p.row = appendHeaders(appendBytes(p.row, p.value), rec.Headers)
	p.held.Put(p.key, p.row)
	p.expect(rec.Time)
	return nil
}

// room makes the first row of the key and a time the one at hand that is not full.
func (p *asOf[K, V, T, VO]) room(at int64) error {
	p.key = append(appendWindow(p.key[:0], at), p.encoded...)
	n := len(p.key)
	known := p.last[string(p.key)]
	for number := known; ; number++ {
		p.key = binary.BigEndian.AppendUint32(p.key[:n], number)
		row, found, err := p.held.Get(p.key)
		if err != nil {
			return err
		}
		if found && len(row) >= chunkBytes {
			continue
		}
		if p.row = append(p.row[:0], row...); !found {
			p.row = append(p.row, rowVersion)
		}
		if number != known {
			p.last[string(p.key[:n])] = number
		}
		return nil
	}
}

// close joins the records whose rows are known now.
func (p *asOf[K, V, T, VO]) close(now int64) error {
	from := p.first
	p.first, p.closing = math.MaxInt64, p.closing[:0]
	err := eachRow(p.held, asOfHead+asOfTail, appendWindow(nil, from), func(key, _ []byte) bool {
		if at := startOf(key); p.closes(at) > now {
			p.expect(at)
			return false
		}
		p.closing = appendBytes(p.closing, key)
		return true
	})
	if err != nil {
		return err
	}
	for key := range eachBytes(p.closing) {
		if err := p.release(key); err != nil {
			return err
		}
	}
	return nil
}

// release joins the records of a row and deletes it.
func (p *asOf[K, V, T, VO]) release(key []byte) error {
	row, _, err := p.held.Get(key)
	if err != nil {
		return err
	}
	if p.row = append(p.row[:0], row...); len(row) < 1 || row[0] != rowVersion {
		return misread(p.name, key, errRow)
	}
	p.rec.Time = startOf(key)
	p.encoded = append(p.encoded[:0], key[asOfHead:len(key)-asOfTail]...)
	if err := p.lookup.key.Parse(p.encoded, &p.rec.Key); err != nil {
		return misread(p.name, key, err)
	}
	for rest := p.row[1:]; len(rest) > 0; {
		var value []byte
		if value, rest, err = tryCutBytes(rest); err == nil {
			p.rec.Headers, rest, err = cutHeaders(p.rec.Headers[:0], rest)
		}
		if err == nil {
			err = p.lookup.value.Parse(value, &p.rec.Value)
		}
		if err != nil {
			return misread(p.name, key, err)
		}
		if err := p.meet(&p.rec, p.closes(p.rec.Time)); err != nil {
			return err
		}
	}
	p.held.Delete(key)
	delete(p.last, string(key[:len(key)-asOfTail]))
	return nil
}
