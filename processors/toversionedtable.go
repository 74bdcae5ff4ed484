package processors

import (
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// ToVersionedTable makes a table of a stream that tells the value of a key as of a time: an update
// holds from its event time on, whatever order they come in, and a version is kept for the history
// after another has succeeded it, in stream time. The table's stream is that of the newest versions:
// an update with an older time than the key's newest one changes what was, and is not forwarded, so
// that joins of tables pass over it. One further back than the history goes to the late topic.
//
// JoinTable and JoinTableAsOf read the version of a record's time; the rows are state.Versions in the
// store of the name. Where an operator above has changed keys, records of one key come together
// through the repartition topic <app>-<name>-repartition.
func ToVersionedTable[K, V any](in topology.Stream[K, V], name string, history time.Duration) topology.Table[K, V] {
	if history < time.Millisecond || history%time.Millisecond != 0 {
		topology.BuilderOf(in).Fault("node %q: its history is %s; it must be a whole number of ms, at least 1", name, history)
	}
	_, value := topology.Codecs(in)
	in = grouped(in, name, value)
	key, value := topology.Codecs(in)
	store := topology.Store{Name: name, Reading: state.ReadVersions(history.Milliseconds()), History: history.Milliseconds(), Layout: topology.LayoutOf("versions by key", key, value)}
	updates := topology.Process(in, name, topology.Needs{Stores: []topology.Store{store}}, func(out topology.Forward[K, V]) topology.Processor[K, V] {
		return &versioning[K, V]{aside: newAside(in, name), history: store.History, out: out}
	})
	return topology.Table[K, V]{Stream: topology.KeepKeys(topology.WithCodecs(updates, key, value)), Store: store}
}

// versioning is a node that keeps the versions of each key.
type versioning[K, V any] struct {
	aside[K, V]
	history          int64
	out              topology.Forward[K, V]
	versions         *state.Versions
	timer            *topology.Timer
	outOfOrder       *topology.Counter
	encoded, version []byte // key and value of the record at hand
}

func (p *versioning[K, V]) Init(ctx topology.Context) error {
	p.versions, p.version = state.NewVersions(ctx.Table(p.name), p.history), []byte{} // an empty value is no deletion
	p.timer, p.outOfOrder = ctx.OnStreamTime(p.expire), ctx.Counter("out_of_order_total")
	if err := p.aside.Init(ctx); err != nil {
		return err
	}
	return p.expire(ctx.StreamTime())
}

func (p *versioning[K, V]) expire(now int64) error {
	err := p.versions.Expire(now)
	p.timer.At(p.versions.Next())
	return err
}

func (p *versioning[K, V]) Process(rec *topology.Record[K, V]) (err error) {
	if p.skipsKeyless(rec) {
		return nil
	}
	if p.encoded, err = p.key.Append(p.encoded[:0], rec.Key); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("key: %w", err))
		return nil
	}
	var version []byte
	if !rec.Tombstone {
		if p.version, err = p.value.Append(p.version[:0], rec.Value); err != nil {
			p.reject(rec, ReasonFailed, fmt.Errorf("value: %w", err))
			return nil
		}
		version = p.version
	}
	until, kept, err := p.versions.Put(p.encoded, version, rec.Time, p.StreamTime())
	switch {
	case err != nil:
		return err
	case !kept:
		p.late(rec, rec.Time, rec.Time+p.history+1)
		return nil
	}
	p.timer.Sooner(p.versions.Next())
	if until != state.Forever {
		p.outOfOrder.N++
		return nil
	}
	return p.out(rec)
}
