package task

import (
	"math"

	"github.com/abacus-stream/abacus/topology"
)

// pane is the length in ms of the finest window: watermarks are multiples of it.
const pane = 1000

// clock is the time of a task: stream time, watermark sent, wall time of the step, timers.
type clock struct {
	stream    int64
	wall      int64
	base      int64 // stream time when idleness was declared
	grace     int64
	idleAfter int64
	idle      bool
	sent      int64 // last watermark sent
	sentIdle  bool

	streamTimers []*topology.Timer
	wallTimers   []*topology.Timer
	holds        []*topology.Hold
}

func newClock(idleAfter int64) clock {
	return clock{stream: math.MinInt64, sent: math.MinInt64, base: math.MinInt64, idleAfter: idleAfter}
}

// held is the time that no watermark may pass yet, Never without a hold.
func (c *clock) held() int64 {
	at := int64(topology.Never)
	for _, h := range c.holds {
		at = min(at, h.At)
	}
	return at
}

// patience is the quiet time after which a task counts as idle.
func (c *clock) patience() int64 {
	if c.idleAfter > 0 {
		return c.idleAfter
	}
	return max(1000, c.grace)
}

// idleSource says whether a source has been quiet for so long that it holds nothing back.
func (c *clock) idleSource(q *queue) bool {
	return q.quietFrom > 0 && q.len() == 0 && c.wall-q.quietFrom >= c.patience()
}

// advanceStream moves stream time to the minimum over the inputs that are not idle: of a timed
// source its greatest event time, of a repartition topic its watermark.
func (t *Task) advanceStream() error {
	now := t.upstreamLow()
	for _, q := range t.queues {
		if q.source.Timed && !t.clock.idleSource(q) {
			now = min(now, q.greatest)
		}
	}
	return t.setStream(now)
}

// upstreamLow is the watermark over all repartition topics that carry one; MaxInt64 without any.
func (t *Task) upstreamLow() int64 {
	low := int64(math.MaxInt64)
	for i, q := range t.queues {
		if q.source.Watermarked {
			low = min(low, t.upstream.low(i))
		}
	}
	return low
}

// setStream moves stream time, never back, and fires the timers that it passes.
func (t *Task) setStream(now int64) error {
	if now <= t.clock.stream || now == math.MaxInt64 {
		return nil
	}
	t.clock.stream = now
	t.dirty = true
	for _, timer := range t.clock.streamTimers {
		if err := t.fire(timer, now); err != nil {
			return err
		}
	}
	return nil
}

// fire runs a timer that is due. No record is being processed then.
func (t *Task) fire(timer *topology.Timer, now int64) error {
	if timer.Due() > now {
		return nil
	}
	t.dirty = true
	record := t.current
	t.current = topology.Source{}
	err := timer.Advance(now)
	t.current = record
	return err
}

// Advance tells the task the wall time of this step: it fires wall-clock timers, and lets
// stream time follow the wall clock while the task is idle.
func (t *Task) Advance(wall int64) (err error) {
	defer caught(&err)
	t.clock.wall = wall
	for _, timer := range t.clock.wallTimers {
		if err := t.fire(timer, wall); err != nil {
			return err
		}
	}
	return t.drift()
}

// NextWall is the wall time at which the first wall-clock timer is due, Unix ms; topology.Never if none is.
func (t *Task) NextWall() int64 {
	next := int64(topology.Never)
	for _, timer := range t.clock.wallTimers {
		next = min(next, timer.Due())
	}
	return next
}

// Quiet tells the task that at a wall time the broker had nothing after the position of a source.
func (t *Task) Quiet(source int, wall int64) {
	q := t.queues[source]
	if q.quietFrom == 0 && q.len() == 0 {
		q.quietFrom = wall
	}
}

// Busy takes back what Quiet has told: the broker has more, or does not answer.
func (t *Task) Busy(source int) { t.queues[source].quietFrom = 0 }

// drift declares idleness and, while it lasts, moves stream time with the wall clock from the
// last event time: as far as a timer or the end of the last pane asks, so that quiet costs nothing.
// Beside a source that has records an idle one no longer holds stream time back.
func (t *Task) drift() error {
	c := &t.clock
	since := t.quietSince()
	idle := since > 0 && c.wall-since >= c.patience()
	if idle != c.idle {
		c.idle, c.base = idle, max(c.stream, t.greatest())
		t.dirty = t.dirty || idle != c.sentIdle
	}
	if !idle || t.upstreamLow() < math.MaxInt64 {
		return t.advanceStream()
	}
	if now := c.base + (c.wall - since); c.base > math.MinInt64 && now >= t.nextDue() {
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

// nextDue is the stream time at which something happens: a timer, the last pane's end plus grace,
// or the next pane that may close a window downstream.
func (t *Task) nextDue() int64 {
	due := int64(topology.Never)
	for _, timer := range t.clock.streamTimers {
		due = min(due, timer.Due())
	}
	greatest := t.greatest()
	if greatest == math.MinInt64 {
		return due
	}
	next := max(floorPane(greatest), t.clock.sent) + pane
	if next <= floorPane(greatest+t.cfg.Sub.Reach)+pane {
		due = min(due, next+t.clock.grace)
	}
	return due
}

// greatest is the last event time of the task, MinInt64 before the first.
func (t *Task) greatest() int64 {
	greatest := int64(math.MinInt64)
	for _, q := range t.queues {
		greatest = max(greatest, q.greatest)
	}
	return greatest
}

// floorPane is the start of the pane of a time.
func floorPane(ms int64) int64 {
	r := ms % pane
	if r < 0 {
		r += pane
	}
	return ms - r
}
