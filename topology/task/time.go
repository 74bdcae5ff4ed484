package task

import (
	"math"

	"github.com/abacus-stream/abacus/topology"
)

// Pane is the length in ms of the finest window: watermarks are multiples of it.
const Pane = 1000

// clock is the time of a task: stream time, watermark sent, wall time of the step, timers.
type clock struct {
	stream    int64
	wall      int64
	heard     int64 // wall time at which the last record was processed
	base      int64 // stream time at heard
	grace     int64
	idleAfter int64
	idle      bool
	sent      int64 // last watermark sent
	sentIdle  bool

	streamTimers []*topology.Timer
	wallTimers   []*topology.Timer
	nextStream   int64
}

func newClock(idleAfter int64) clock {
	return clock{stream: math.MinInt64, sent: math.MinInt64, base: math.MinInt64, idleAfter: idleAfter}
}

// patience is the quiet time after which a task counts as idle.
func (c *clock) patience() int64 {
	if c.idleAfter > 0 {
		return c.idleAfter
	}
	return max(1000, c.grace)
}

// advanceStream moves stream time to the minimum over the timed sources that have
// records, never back, and fires the timers that it passes.
func (t *Task) advanceStream() error {
	now := int64(math.MaxInt64)
	for _, q := range t.queues {
		if q.source.Timed && !(q.greatest == math.MinInt64 && t.clock.idle) {
			now = min(now, q.greatest)
		}
	}
	return t.setStream(now)
}

func (t *Task) setStream(now int64) error {
	if now <= t.clock.stream || now == math.MaxInt64 {
		return nil
	}
	t.clock.stream = now
	for _, timer := range t.clock.streamTimers {
		if timer.Due() <= now {
			t.dirty = true
			if err := timer.Advance(now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Advance tells the task the wall time of this step: it fires wall-clock timers, and lets
// stream time follow the wall clock while the task is idle.
func (t *Task) Advance(wall int64) error {
	t.clock.wall = wall
	for _, timer := range t.clock.wallTimers {
		if timer.Due() <= wall {
			t.dirty = true
			if err := timer.Advance(wall); err != nil {
				return err
			}
		}
	}
	return t.drift()
}

// Quiet tells the task that at a wall time the broker had nothing after the position of a source.
func (t *Task) Quiet(source int, wall int64) {
	q := t.queues[source]
	if q.quietFrom == 0 && q.len() == 0 {
		q.quietFrom = wall
	}
}

// drift declares idleness and, while it lasts, moves stream time with the wall clock from the
// last event time: as far as a timer or the end of the last pane asks, so that quiet costs nothing.
func (t *Task) drift() error {
	c := &t.clock
	since := t.quietSince()
	idle := since > 0 && c.wall-since >= c.patience()
	if idle != c.idle {
		c.idle, c.base = idle, c.stream
		t.dirty = t.dirty || idle != c.sentIdle
	}
	if !idle || c.base == math.MinInt64 {
		return nil
	}
	now := c.base + (c.wall - since)
	if due := t.nextDue(); now >= due {
		t.dirty = true
		return t.setStream(now)
	}
	return nil
}

// quietSince is the wall time since which all timed sources are quiet, 0 if one is not.
func (t *Task) quietSince() int64 {
	latest := int64(0)
	for _, q := range t.queues {
		if !q.source.Timed {
			continue
		}
		if q.quietFrom == 0 || q.len() > 0 {
			return 0
		}
		latest = max(latest, q.quietFrom)
	}
	return latest
}

// nextDue is the stream time at which something happens: a timer, or the last pane's end plus grace.
func (t *Task) nextDue() int64 {
	due := int64(topology.Never)
	for _, timer := range t.clock.streamTimers {
		due = min(due, timer.Due())
	}
	greatest := int64(math.MinInt64)
	for _, q := range t.queues {
		greatest = max(greatest, q.greatest)
	}
	if end := floorPane(greatest) + Pane; greatest > math.MinInt64 && t.clock.sent < end {
		due = min(due, end+t.clock.grace)
	}
	return due
}

// floorPane is the start of the pane of a time.
func floorPane(ms int64) int64 {
	r := ms % Pane
	if r < 0 {
		r += Pane
	}
	return ms - r
}
