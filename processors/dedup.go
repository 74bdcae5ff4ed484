package processors

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// Dedup forwards the first record of each id and drops those that follow it with an event time less
// than within from its own, before or behind. Ids are kept in the store of its name, by partition:
// records of one id must come by one partition, as those of one key do. A record that lies within or
// more behind stream time is late and goes to the late topic, as its id may be forgotten: whatever
// the order, no two records of an id less than within apart are forwarded. Codecs and keys stay,
// tombstones pass.
func Dedup[K, V, ID any](in topology.Stream[K, V], name string, id func(k K, v V) ID, codec codecs.Codec[ID], within time.Duration) topology.Stream[K, V] {
	needFunc(in, name, id != nil)
	needCodec(in, name, "id", codec != nil)
	if within < time.Millisecond || within%time.Millisecond != 0 {
		topology.BuilderOf(in).Fault("node %q: it is to deduplicate within %s; that must be a whole number of ms, at least 1", name, within)
		within = time.Millisecond
	}
	store := topology.Store{Name: name, Layout: topology.LayoutOf(fmt.Sprintf("ids by stretches of %s", within), codec, nil)}
	needs := topology.Needs{Stores: []topology.Store{store}}
	kept := topology.Process(in, name, needs, func(out topology.Forward[K, V]) topology.Processor[K, V] {
		return &dedup[K, V, ID]{aside: newAside(in, name), id: id, codec: codec, within: within.Milliseconds(), out: out}
	})
	key, value := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(kept, key, value))
}

// dedup is a node that keeps the ids of what it has forwarded.
//
// Invariant (one a stretch): a row holds the time of the one record of its id that was forwarded in
// a stretch of time as long as within, since another there would have been a duplicate.
type dedup[K, V, ID any] struct {
	aside[K, V]
	id         func(k K, v V) ID
	codec      codecs.Codec[ID]
	within     int64 // ms
	out        topology.Forward[K, V]
	rows       *state.Table
	timer      *topology.Timer
	first      int64 // no row's stretch starts before it
	duplicates *topology.Counter

	encoded, row, fresh []byte // id of the record at hand; key and value of a row
	forgotten           []byte // keys of the rows to delete: uvarint length, key
}

func (p *dedup[K, V, ID]) Init(ctx topology.Context) error {
	p.rows, p.timer, p.first = ctx.Table(p.name), ctx.OnStreamTime(p.forget), math.MaxInt64
	p.duplicates = ctx.Counter("duplicates_total")
	if err := p.aside.Init(ctx); err != nil {
		return err
	}
	return eachRow(p.rows, windowedHead, nil, func(key, _ []byte) bool {
		p.expect(windowOf(key))
		return false
	})
}

// expect sets the timer for a stretch that has rows: no record that is in time by then lies less
// than within from one there.
func (p *dedup[K, V, ID]) expect(start, end int64) {
	p.first = min(p.first, start)
	p.timer.Sooner(p.due(end))
}

func (p *dedup[K, V, ID]) due(end int64) int64 { return end - 1 + 2*p.within }

func (p *dedup[K, V, ID]) Process(rec *topology.Record[K, V]) (err error) {
	if rec.Tombstone {
		return p.out(rec)
	}
	if p.StreamTime() > math.MinInt64 && rec.Time <= p.StreamTime()-p.within {
		p.late(rec, rec.Time-p.within+1, rec.Time+p.within)
		return nil
	}
	if p.encoded, err = p.codec.Append(p.encoded[:0], p.id(rec.Key, rec.Value)); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("id: %w", err))
		return nil
	}
	start := floor(rec.Time, p.within)
	for _, near := range [...]int64{start - p.within, start + p.within, start} { // the last key is that to put
		seen, err := p.seen(near, rec.Time)
		if err != nil {
			return err
		}
		if seen {
			p.duplicates.N++
			return nil
		}
	}
	p.fresh = binary.BigEndian.AppendUint64(append(p.fresh[:0], rowVersion), uint64(rec.Time))
	p.rows.Put(p.row, p.fresh)
	p.expect(start, start+p.within)
	return p.out(rec)
}

// seen says whether a record of the id was forwarded in a stretch, less than within from a time.
func (p *dedup[K, V, ID]) seen(start, at int64) (bool, error) {
	p.row = binary.BigEndian.AppendUint64(appendWindow(p.row[:0], start), uint64(start+p.within)^signBit)
	p.row = append(p.row, p.encoded...)
	row, found, err := p.rows.Get(p.row)
	if err != nil || !found {
		return false, err
	}
	if len(row) != 1+8 || row[0] != rowVersion {
		return false, misread(p.name, p.row, errRow)
	}
	apart := int64(binary.BigEndian.Uint64(row[1:])) - at
	return -p.within < apart && apart < p.within, nil
}

// forget deletes the rows that no record in time can be a duplicate of.
func (p *dedup[K, V, ID]) forget(now int64) error {
	p.forgotten = p.forgotten[:0]
	from := p.first
	p.first = math.MaxInt64
	err := eachRow(p.rows, windowedHead, appendWindow(nil, from), func(key, _ []byte) bool {
		start, end := windowOf(key)
		if p.due(end) > now {
			p.expect(start, end)
			return false
		}
		p.forgotten = appendBytes(p.forgotten, key)
		return true
	})
	for key := range eachBytes(p.forgotten) {
		p.rows.Delete(key)
	}
	return err
}
