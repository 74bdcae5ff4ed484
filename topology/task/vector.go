package task

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// vector is the watermark of every upstream task of every repartition source.
// Invariant (monotone): an entry never goes back, so neither does the minimum.
type vector struct {
	entries map[uint64]entry // by source and task
	tasks   map[int]int      // number of upstream tasks by source
}

type entry struct {
	time int64
	idle bool
}

func vectorKey(source, task int) uint64 { return uint64(source)<<32 | uint64(task) }

func rowKey(dst []byte, key uint64) []byte {
	dst = append(dst[:0], 'w')
	dst = binary.BigEndian.AppendUint16(dst, uint16(key>>32))
	return binary.BigEndian.AppendUint32(dst, uint32(key))
}

// set takes a watermark over; false if it says nothing new.
func (v *vector) set(source int, w topology.Watermark) bool {
	v.tasks[source] = w.Tasks
	key := vectorKey(source, w.Task)
	old, known := v.entries[key]
	next := entry{time: w.Time, idle: w.Idle}
	if known {
		next.time = max(next.time, old.time)
	}
	v.entries[key] = next
	return !known || next != old
}

// low is the watermark over all upstream tasks of a source: the minimum over those that are
// not idle; the greatest where all are; MinInt64 until each has spoken.
func (v *vector) low(source int) int64 {
	n, least, greatest := 0, int64(math.MaxInt64), int64(math.MinInt64)
	for key, e := range v.entries {
		if int(key>>32) != source {
			continue
		}
		n++
		greatest = max(greatest, e.time)
		if !e.idle {
			least = min(least, e.time)
		}
	}
	switch {
	case n == 0 || n < v.tasks[source]:
		return math.MinInt64
	case least == math.MaxInt64:
		return greatest
	}
	return least
}

// slowest is the upstream task of a source that holds low back, and its watermark: MinInt64 of one that has not spoken,
// MaxInt64 where nobody holds it back.
func (v *vector) slowest(source int) (task int, at int64) {
	at = math.MaxInt64
	for i := range v.tasks[source] {
		e, known := v.entries[vectorKey(source, i)]
		switch {
		case !known:
			return i, math.MinInt64
		case !e.idle && e.time < at:
			task, at = i, e.time
		}
	}
	return task, at
}

// load reads the vector from the task store.
func (v *vector) load(own *state.Table) error {
	v.entries, v.tasks = map[uint64]entry{}, map[int]int{}
	var bad error
	err := own.Scan([]byte{'w'}, []byte{'x'}, func(key, row []byte) bool {
		if len(key) != 7 || len(row) != 14 || row[0] != 1 {
			bad = fmt.Errorf("watermark row %x: malformed", key)
			return false
		}
		source, task := int(binary.BigEndian.Uint16(key[1:])), int(binary.BigEndian.Uint32(key[3:]))
		v.tasks[source] = int(binary.BigEndian.Uint32(row[10:]))
		v.entries[vectorKey(source, task)] = entry{time: int64(binary.BigEndian.Uint64(row[1:])), idle: row[9] == 1}
		return true
	})
	if err == nil {
		err = bad
	}
	return err
}

// store writes one entry to the task store.
func (v *vector) store(own *state.Table, source, task int) {
	key := vectorKey(source, task)
	e := v.entries[key]
	row := binary.BigEndian.AppendUint64([]byte{1}, uint64(e.time))
	idle := byte(0)
	if e.idle {
		idle = 1
	}
	row = binary.BigEndian.AppendUint32(append(row, idle), uint32(v.tasks[source]))
	own.Put(rowKey(nil, key), row)
}

// watermark takes the watermark record at the head of a queue and moves stream time.
func (t *Task) watermark(q *queue) error {
	w, err := topology.ParseWatermark(t.current.Value)
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
