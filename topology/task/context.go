package task

import (
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

var _ topology.Context = (*Task)(nil)

// Task is the id of the task.
func (t *Task) Task() topology.TaskID { return t.cfg.ID }

// Tasks is the number of tasks of the sub-topology.
func (t *Task) Tasks() int { return t.cfg.Tasks }

// Table is a declared store.
func (t *Task) Table(name string) *state.Table {
	t.keep()
	table, ok := t.tables[name]
	if !ok {
		panic(fmt.Sprintf("task %s: store %q is not declared in Needs.Stores", t.cfg.ID, name))
	}
	return table
}

// Closed is the greatest end of what was closed under less grace.
func (t *Task) Closed(store string) int64 {
	if closed, ok := t.closed[store]; ok {
		return closed
	}
	return math.MinInt64
}

// StreamTime is the stream time in Unix ms.
func (t *Task) StreamTime() int64 { return t.clock.stream }

// WallTime is the wall time of the step in Unix ms.
func (t *Task) WallTime() int64 { return t.clock.wall }

// Source is the record being processed.
func (t *Task) Source() *topology.Source { return &t.current }

// NextOffset is the offset after the last processed record of a source topic.
func (t *Task) NextOffset(topic string) int64 {
	for _, q := range t.queues {
		if q.source.Topic == topic {
			return q.next
		}
	}
	return -1
}

// Heard is the greatest event time of the records of a source topic.
func (t *Task) Heard(topic string) int64 {
	for _, q := range t.queues {
		if q.source.Topic == topic {
			return q.greatest
		}
	}
	return math.MinInt64
}

// SetGrace sets the distance in ms between stream time and watermarks; of the calls in Init the
// largest counts.
func (t *Task) SetGrace(ms int64) {
	if t.inst == nil {
		ms = max(ms, t.clock.grace)
	}
	t.clock.grace = ms
}

// OnStreamTime registers a timer in stream time.
func (t *Task) OnStreamTime(fire func(now int64) error) *topology.Timer {
	t.keep()
	timer := topology.NewTimer(fire)
	t.clock.streamTimers = append(t.clock.streamTimers, timer)
	return timer
}

// OnWallClock registers a timer in wall-clock time.
func (t *Task) OnWallClock(fire func(now int64) error) *topology.Timer {
	t.keep()
	timer := topology.NewTimer(fire)
	t.clock.wallTimers = append(t.clock.wallTimers, timer)
	return timer
}

// Hold registers a hold on the watermarks of the task.
func (t *Task) Hold() *topology.Hold {
	t.keep()
	h := &topology.Hold{At: topology.Never}
	t.clock.holds = append(t.clock.holds, h)
	return h
}

// OnFlush registers a callback that runs before each commit.
func (t *Task) OnFlush(flush func() error) {
	t.keep()
	t.flushes = append(t.flushes, flush)
}

// keep tells the trace that a node has more than what goes through it.
func (t *Task) keep() {
	if t.trace != nil {
		t.trace.Keep()
	}
}

// OnGlobal registers a callback for the rows of a global table.
func (t *Task) OnGlobal(topic string, apply func(row topology.GlobalRow) error) {
	t.globals[topic] = append(t.globals[topic], apply)
}

// Count adds to a counter of the task.
func (t *Task) Count(metric string, n int64) { t.Counter(metric).N += n }

// Counter is a counter of the task.
func (t *Task) Counter(metric string) *topology.Counter {
	c, ok := t.counters[metric]
	if !ok {
		c = &topology.Counter{}
		t.counters[metric] = c
	}
	return c
}

// Send appends a record to a sink.
func (t *Task) Send(sink int, out topology.Encoded) {
	if sink < 0 || sink >= len(t.cfg.Sub.Sinks) {
		panic(fmt.Sprintf("task %s: the sink with index %d is not declared in Needs.Sinks", t.cfg.ID, sink))
	}
	t.dirty = true
	value := out.Value
	if t.cfg.Sub.Sinks[sink].Repartition {
		t.scratch = topology.AppendFrame(t.scratch[:0], out.Time, out.Value)
		value = t.scratch
	}
	o := t.cfg.Outbox
	o.add(Entry{
		Task: t, Kind: ToSink, Index: sink, Partition: out.Partition,
		Key: o.copy(out.Key), Value: o.copy(value), Time: out.Time, Headers: copyHeaders(out.Headers),
		from: t.current.Topic, offset: t.current.Offset,
	})
}

// copyHeaders keeps headers beyond the record; most records have none.
func copyHeaders(headers []topology.Header) []topology.Header {
	if len(headers) == 0 {
		return nil
	}
	kept := make([]topology.Header, len(headers))
	for i, h := range headers {
		kept[i] = topology.Header{Key: h.Key, Value: append([]byte(nil), h.Value...)}
	}
	return kept
}
