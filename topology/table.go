package topology

import (
	"errors"
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// Table is a stream of updates together with the store that holds the latest row of each key.
type Table[K, V any] struct {
	Stream[K, V]
	Store Store // rows are the bytes of the topic, by the bytes of the key
}

// FromTable reads a compacted topic as a table. The topic is the store's changelog: nothing is
// written a second time. A tombstone deletes the row and goes on as one. A record that the codecs refuse
// leaves the row as it is, also where the table is restored. One that OnFailure puts aside for a node
// below does so until then: a restored row is of the newest record that the codecs take. A record without
// key is counted as skipped_keyless_total and ends here.
//
// The stream is one of updates, without the values before them. There is no filter or grouping of tables that takes back
// what an old value added: Filter drops an update that no longer matches, and a row made of an earlier one stays.
func FromTable[K, V any](b *Builder, topic, name string, key codecs.Codec[K], value codecs.Codec[V]) Table[K, V] {
	store := Store{Name: name, SourceTopic: topic, Layout: LayoutOf("values by key", key, value), Refuses: func() func(key, value []byte, appended int64) error { return refusals(key, value) }}
	if value == nil {
		b.fault("table %q: needs a codec for its value", name)
	}
	rows := From(b, topic, key, codecs.Bytes)
	updates := Process(rows, name, Needs{Stores: []Store{store}}, func(out Forward[K, V]) Processor[K, []byte] {
		return &tableNode[K, V]{name: name, value: value, out: out}
	})
	return Table[K, V]{Stream: KeepKeys(WithCodecs(updates, key, value)), Store: store}
}

var errKeyless = errors.New("a record without key is no row")

// refusals says why tableNode, or the source above it, does not take a record.
func refusals[K, V any](key codecs.Codec[K], value codecs.Codec[V]) func(k, v []byte, appended int64) error {
	var rec Record[K, V]
	return func(k, v []byte, appended int64) (err error) {
		defer func() {
			if fault := recover(); fault != nil { // a codec's: the record did not get past it
				err = fmt.Errorf("panic: %v", fault)
			}
		}()
		if k == nil {
			return errKeyless
		}
		if appended < Earliest {
			return fmt.Errorf("append time %d is before 2000-01-01", appended)
		}
		if err := key.Parse(k, &rec.Key); err != nil || v == nil {
			return err
		}
		return value.Parse(v, &rec.Value)
	}
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
