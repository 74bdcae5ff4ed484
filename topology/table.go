package topology

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// Table is a stream of updates together with the store that holds the latest row of each key.
type Table[K, V any] struct {
	Stream[K, V]
	Store Store // rows are the bytes of the topic, by the bytes of the key
}

// FromTable reads a compacted topic as a table. The topic is the store's changelog: nothing is
// written a second time. A tombstone deletes the row and goes on as one; a record without key is counted as
// skipped_keyless_total and ends here.
//
// The stream is one of updates, without the values before them. There is no filter or grouping of tables that takes back
// what an old value added: Filter drops an update that no longer matches, and a row made of an earlier one stays.
func FromTable[K, V any](b *Builder, topic, name string, key codecs.Codec[K], value codecs.Codec[V]) Table[K, V] {
	store := Store{Name: name, SourceTopic: topic}
	if value == nil {
		b.fault("table %q: needs a codec for its value", name)
	}
	rows := From(b, topic, key, codecs.Bytes)
	updates := Process(rows, name, Needs{Stores: []Store{store}}, func(out Forward[K, V]) Processor[K, []byte] {
		return &tableNode[K, V]{name: name, value: value, out: out}
	})
	return Table[K, V]{Stream: KeepKeys(WithCodecs(updates, key, value)), Store: store}
}

// tableNode keeps the rows of a table as they are read.
type tableNode[K, V any] struct {
	name  string
	value codecs.Codec[V]
	out   Forward[K, V]
	ctx   Context
	rec   Record[K, V]
}

func (t *tableNode[K, V]) Init(ctx Context) error {
	t.ctx = ctx
	return nil
}

func (t *tableNode[K, V]) Process(rec *Record[K, []byte]) error {
	if rec.Keyless {
		t.ctx.Count("skipped_keyless_total", 1)
		return nil
	}
	src, rows := t.ctx.Source(), t.ctx.Table(t.name)
	t.rec = Record[K, V]{Key: rec.Key, Time: rec.Time, Headers: rec.Headers, Tombstone: src.Value == nil}
	if src.Value == nil {
		rows.Delete(src.Key)
		return t.out(&t.rec)
	}
	if err := t.value.Parse(src.Value, &t.rec.Value); err != nil {
		t.ctx.DeadLetter("undecodable", fmt.Errorf("table %s: %w", t.name, err))
		return nil
	}
	rows.Put(src.Key, src.Value)
	return t.out(&t.rec)
}
