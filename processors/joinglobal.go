package processors

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Global is a topic that every task reads whole, to its end, before its first record: a global
// table, for joins by any key. Each task holds its rows, decoded, in memory.
type Global[K comparable, V any] struct {
	topic string
	key   codecs.Codec[K]
	value codecs.Codec[V]
}

// GlobalTable declares a topic, of one partition and compacted, as a global table. Changes of it
// apply between two records. A row that does not decode stops the app, which names its offset.
func GlobalTable[K comparable, V any](b *topology.Builder, topic string, key codecs.Codec[K], value codecs.Codec[V]) Global[K, V] {
	if key == nil || value == nil {
		b.Fault("global table %q: needs a codec for its key and its value", topic)
	}
	return Global[K, V]{topic: topic, key: key, value: value}
}

// JoinGlobal joins each record of a stream with the row of a global table that by gives the key of;
// a record without one ends here. No partitions need to agree. The result has the key, the time and
// the headers of the record and no codec for its value; tombstones join nothing. What a task finds
// is the table as it has read it by then: a replay may find newer rows.
func JoinGlobal[K, V, VO any, GK comparable, GV any](in topology.Stream[K, V], table Global[GK, GV], name string, by func(k K, v V) GK, join func(k K, v V, row GV) VO) topology.Stream[K, VO] {
	needFunc(in, name, by != nil && join != nil)
	return joinGlobal(in, table, name, func(out topology.Forward[K, VO]) *globalLookup[K, V, VO, GK, GV] {
		return &globalLookup[K, V, VO, GK, GV]{by: by, out: out, join: func(k K, v V, row *GV) VO { return join(k, v, *row) }}
	})
}

// LeftJoinGlobal is JoinGlobal that also joins a record without a row: row is nil then. It is valid
// during the call and not to be changed.
func LeftJoinGlobal[K, V, VO any, GK comparable, GV any](in topology.Stream[K, V], table Global[GK, GV], name string, by func(k K, v V) GK, join func(k K, v V, row *GV) VO) topology.Stream[K, VO] {
	needFunc(in, name, by != nil && join != nil)
	return joinGlobal(in, table, name, func(out topology.Forward[K, VO]) *globalLookup[K, V, VO, GK, GV] {
		return &globalLookup[K, V, VO, GK, GV]{by: by, out: out, join: join, left: true}
	})
}

func joinGlobal[K, V, VO any, GK comparable, GV any](in topology.Stream[K, V], table Global[GK, GV], name string, create func(out topology.Forward[K, VO]) *globalLookup[K, V, VO, GK, GV]) topology.Stream[K, VO] {
	if table.topic == "" {
		topology.BuilderOf(in).Fault("node %q: its global table is none; declare it by processors.GlobalTable", name)
	}
	needs := topology.Needs{Globals: []string{table.topic}}
	joined := topology.Process(in, name, needs, func(out topology.Forward[K, VO]) topology.Processor[K, V] {
		p := create(out)
		p.table = table
		return p
	})
	key, _ := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(joined, key, nil))
}

// globalLookup is a node that joins records with the rows of a global table.
type globalLookup[K, V, VO any, GK comparable, GV any] struct {
	table   Global[GK, GV]
	by      func(k K, v V) GK
	join    func(k K, v V, row *GV) VO
	left    bool // joins a record without a row too
	out     topology.Forward[K, VO]
	rows    map[GK]*GV
	skipped *topology.Counter
	next    topology.Record[K, VO]
}

func (p *globalLookup[K, V, VO, GK, GV]) Init(ctx topology.Context) error {
	p.rows, p.skipped = map[GK]*GV{}, ctx.Counter(skippedTombstones)
	ctx.OnGlobal(p.table.topic, p.apply)
	return nil
}

// apply takes a row over. Its bytes are copied, since values may alias them.
func (p *globalLookup[K, V, VO, GK, GV]) apply(row topology.GlobalRow) error {
	var key GK
	if err := p.table.key.Parse(append([]byte{}, row.Key...), &key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if row.Value == nil {
		delete(p.rows, key)
		return nil
	}
	value := new(GV)
	if err := p.table.value.Parse(append([]byte{}, row.Value...), value); err != nil {
		return fmt.Errorf("value of key %q: %w", row.Key, err)
	}
	p.rows[key] = value
	return nil
}

func (p *globalLookup[K, V, VO, GK, GV]) Process(rec *topology.Record[K, V]) error {
	if rec.Tombstone {
		p.skipped.N++
		return nil
	}
	row := p.rows[p.by(rec.Key, rec.Value)]
	if row == nil && !p.left {
		return nil
	}
	p.next.Key, p.next.Value = rec.Key, p.join(rec.Key, rec.Value, row)
	p.next.Time, p.next.Headers, p.next.Keyless = rec.Time, rec.Headers, rec.Keyless
	return p.out(&p.next)
}
