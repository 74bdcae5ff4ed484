package task

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// vector is the watermarks of every upstream task of every repartition source.
// Invariant (monotone): an entry never goes back, so neither does the minimum.
type vector struct{ sources []upstream }

// upstream is the watermarks of one source.
type upstream struct {
	tasks   int     // that there are
	entries []entry // by task
	known   int     // tasks that have spoken
	low     int64   // over all, kept up to date: it is asked for by record
}

type entry struct {
	known bool
	time  int64
	idle  bool
}

// mostTasks bounds what a malformed watermark may ask for.
const mostTasks = 1 << 20

// of is the part of a source.
func (v *vector) of(source int) *upstream {
	for len(v.sources) <= source {
		v.sources = append(v.sources, upstream{low: math.MinInt64})
	}
	return &v.sources[source]
}

// set takes a watermark over; false if it says nothing new.
func (v *vector) set(source int, w topology.Watermark) bool {
	u := v.of(source)
	grown := u.tasks != w.Tasks
	u.tasks = w.Tasks
	e := u.entry(w.Task)
	next := entry{known: true, time: w.Time, idle: w.Idle}
	if e.known {
		next.time = max(next.time, e.time)
	}
	news := *e != next
	if u.put(e, next); news || grown {
		u.settle()
	}
	return news
}

// entry is that of a task, which may not have spoken yet.
func (u *upstream) entry(task int) *entry {
	for len(u.entries) <= task {
		u.entries = append(u.entries, entry{})
	}
	return &u.entries[task]
}

func (u *upstream) put(e *entry, next entry) {
	if !e.known {
		u.known++
	}
	*e = next
}

// settle finds the minimum over those that are not idle; the greatest where all are; MinInt64 until each has spoken.
func (u *upstream) settle() {
	least, greatest := int64(math.MaxInt64), int64(math.MinInt64)
	for _, e := range u.entries {
		if !e.known {
			continue
		}
		greatest = max(greatest, e.time)
		if !e.idle {
			least = min(least, e.time)
		}
	}
	switch {
	case u.known == 0 || u.known < u.tasks:
		u.low = math.MinInt64
	case least == math.MaxInt64:
		u.low = greatest
	default:
		u.low = least
	}
}

// low is the watermark over all upstream tasks of a source.
func (v *vector) low(source int) int64 { return v.of(source).low }

// slowest is the upstream task of a source that holds low back, and its watermark: MinInt64 of one that has not spoken,
// MaxInt64 where nobody holds it back.
func (v *vector) slowest(source int) (task int, at int64) {
	at = math.MaxInt64
	u := v.of(source)
	for i := range u.tasks {
		switch e := u.entry(i); {
		case !e.known:
			return i, math.MinInt64
		case !e.idle && e.time < at:
			task, at = i, e.time
		}
	}
	return task, at
}

func rowKey(source, task int) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16([]byte{'w'}, uint16(source)), uint32(task))
}

// load reads the vector from the task store.
func (v *vector) load(own *state.Table) error {
	v.sources = nil
	var bad error
	err := own.Scan([]byte{'w'}, []byte{'x'}, func(key, row []byte) bool {
		if len(key) != 7 || len(row) != 14 || row[0] != 1 || binary.BigEndian.Uint32(key[3:]) >= mostTasks {
			bad = fmt.Errorf("watermark row %x: malformed", key)
			return false
		}
		u := v.of(int(binary.BigEndian.Uint16(key[1:])))
		u.tasks = int(binary.BigEndian.Uint32(row[10:]))
		u.put(u.entry(int(binary.BigEndian.Uint32(key[3:]))), entry{known: true, time: int64(binary.BigEndian.Uint64(row[1:])), idle: row[9] == 1})
		return true
	})
	for i := range v.sources {
		v.sources[i].settle()
	}
	return cmp.Or(err, bad)
}

// store writes one entry to the task store.
func (v *vector) store(own *state.Table, source, task int) {
	u := v.of(source)
	e := u.entries[task]
	row := binary.BigEndian.AppendUint64([]byte{1}, uint64(e.time))
	idle := byte(0)
	if e.idle {
		idle = 1
	}
	own.Put(rowKey(source, task), binary.BigEndian.AppendUint32(append(row, idle), uint32(u.tasks)))
}

// watermark takes the watermark record at the head of a queue and moves stream time.
func (t *Task) watermark(q *queue) error {
	w, err := topology.ParseWatermark(t.current.Value)
	if err == nil && (w.Task < 0 || w.Task >= w.Tasks || w.Tasks > mostTasks) {
		err = fmt.Errorf("watermark of task %d of %d", w.Task, w.Tasks)
	}
	if err != nil {
		t.DeadLetter(ReasonUndecodable, err)
		return nil
	}
	source := q.source.Index()
	if !t.upstream.set(source, w) {
		return nil
	}
	t.upstream.store(t.own, source, w.Task)
	return t.advanceStream()
}
