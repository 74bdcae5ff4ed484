package processors

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// ToExpiringTable is ToTable with a time to live: a row is removed once stream time has come to the
// greatest event time of its updates and so much beyond it, by a tombstone in the changelog and one
// in the table's stream, with the time at which it was due. What is removed when depends on the
// records alone, over restarts too. Quiet input lets stream time follow the wall clock. A record that
// is so far behind stream time goes to the late topic. Kafka Streams has no such tables.
//
// Memory is a timer of each key.
func ToExpiringTable[K, V any](in topology.Stream[K, V], name string, after time.Duration) topology.Table[K, V] {
	if after < time.Millisecond || after%time.Millisecond != 0 {
		topology.BuilderOf(in).Fault("node %q: its rows expire after %s; it must be a whole number of ms, at least 1", name, after)
	}
	_, value := topology.Codecs(in)
	in = grouped(in, name, value)
	key, value := topology.Codecs(in)
	store := topology.Store{Name: name, Reading: state.ReadValues(expiringValue), Expiry: after.Milliseconds(), Layout: topology.LayoutOf("expiring values by key", key, value)}
	updates := topology.Process(in, name, topology.Needs{Stores: []topology.Store{store}}, func(out topology.Forward[K, V]) topology.Processor[K, V] {
		return &expiring[K, V]{aside: newAside(in, name), after: store.Expiry, out: out}
	})
	updates = topology.Reach(topology.KeepKeys(updates), store.Expiry)
	return topology.Table[K, V]{Stream: topology.WithCodecs(updates, key, value), Store: store}
}

// expiring is a node that keeps the newest value of each key for a while.
//
// Invariant (one timer): the timer of a row is due at its check and no later than the row. A timer
// that finds another check in the row, or none, is of a row that was there before, and does nothing.
type expiring[K, V any] struct {
	aside[K, V]
	after   int64 // ms
	out     topology.Forward[K, V]
	rows    *state.Table
	timers  state.Timers
	timer   *topology.Timer
	encoded []byte // key of the record at hand
	fresh   []byte // its row
	expired topology.Record[K, V]
}

// expiringHead is the length of an expiring row before its value: version 1 | time 8 | check 8.
const expiringHead = 1 + 8 + 8

// lifetime is what an expiring row knows of its time, in Unix ms.
type lifetime struct {
	found bool
	time  int64 // the greatest of its updates
	check int64 // when its timer is due
}

func (p *expiring[K, V]) Init(ctx topology.Context) error {
	p.rows, p.timer = ctx.Table(p.name), ctx.OnStreamTime(p.expire)
	if err := p.aside.Init(ctx); err != nil {
		return err
	}
	var fault error
	err := p.rows.Scan(nil, nil, func(key, row []byte) bool {
		var l lifetime
		if l, fault = p.parse(key, row); fault == nil {
			p.watch(key, l.check)
		}
		return fault == nil
	})
	if err == nil {
		err = fault
	}
	return err
}

func (p *expiring[K, V]) watch(key []byte, due int64) {
	p.timers.Add(due, key)
	p.timer.Sooner(due)
}

func (p *expiring[K, V]) Process(rec *topology.Record[K, V]) (err error) {
	if p.skipsKeyless(rec) {
		return nil
	}
	if p.encoded, err = p.key.Append(p.encoded[:0], rec.Key); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("key: %w", err))
		return nil
	}
	if rec.Tombstone {
		p.rows.Delete(p.encoded)
		return p.out(rec)
	}
	if now := p.StreamTime(); now > math.MinInt64 && rec.Time <= now-p.after {
		p.late(rec, rec.Time, rec.Time+p.after)
		return nil
	}
	l, err := p.read(p.encoded)
	if err != nil {
		return err
	}
	if l.time = max(l.time, rec.Time); !l.found {
		l.time, l.check = rec.Time, rec.Time+p.after
	}
	if p.fresh, err = p.value.Append(l.append(p.fresh[:0]), rec.Value); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("value: %w", err))
		return nil
	}
	p.rows.Put(p.encoded, p.fresh)
	if !l.found {
		p.watch(p.encoded, l.check)
	}
	return p.out(rec)
}

// expire removes the rows that are due, the first due first.
func (p *expiring[K, V]) expire(now int64) error {
	for {
		due, ok := p.timers.Next()
		if !ok {
			return nil
		}
		if due > now {
			p.timer.Sooner(due)
			return nil
		}
		key, _, _ := p.timers.Pop()
		if err := p.check(key, due); err != nil {
			return err
		}
	}
}

// check removes the row of a timer, or sets it anew where the row has been updated since.
func (p *expiring[K, V]) check(key []byte, due int64) error {
	l, err := p.read(key)
	if err != nil || !l.found || l.check != due {
		return err
	}
	if l.check = l.time + p.after; l.check > due {
		row, _, err := p.rows.Get(key)
		if err != nil {
			return err
		}
		p.fresh = append(l.append(p.fresh[:0]), row[expiringHead:]...)
		p.rows.Put(key, p.fresh)
		p.watch(key, l.check)
		return nil
	}
	p.rows.Delete(key)
	p.expired = topology.Record[K, V]{Time: due, Tombstone: true}
	if err := p.key.Parse(key, &p.expired.Key); err != nil {
		return misread(p.name, key, err)
	}
	return p.out(&p.expired)
}

func (p *expiring[K, V]) read(key []byte) (l lifetime, err error) {
	row, found, err := p.rows.Get(key)
	if err != nil || !found {
		return l, err
	}
	return p.parse(key, row)
}

func (p *expiring[K, V]) parse(key, row []byte) (l lifetime, err error) {
	if _, err := expiringValue(row); err != nil {
		return l, misread(p.name, key, err)
	}
	l = lifetime{found: true, time: int64(binary.BigEndian.Uint64(row[1:])), check: int64(binary.BigEndian.Uint64(row[9:]))}
	l.check = min(l.check, l.time+p.after) // a time to live that was longer has it later
	return l, nil
}

// expiringValue is the value of an expiring row.
func expiringValue(row []byte) ([]byte, error) {
	if len(row) < expiringHead || row[0] != rowVersion {
		return nil, errRow
	}
	return row[expiringHead:], nil
}

func (l lifetime) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, rowVersion), uint64(l.time))
	return binary.BigEndian.AppendUint64(dst, uint64(l.check))
}
