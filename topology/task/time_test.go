package task_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// sending is a topology whose watermarks go to a repartition topic.
func sending(grace, reach int64) func(b *topology.Builder, h *harness) {
	return func(b *topology.Builder, _ *harness) {
		p := probe{init: func(ctx topology.Context) { ctx.SetGrace(grace) }}
		down := topology.Repartition(with(timed(b, "a"), "probe", topology.Needs{}, p), "down")
		topology.Reach(with(down, "below", topology.Needs{}, probe{}), reach)
	}
}

// marks commits and gives the watermarks that were sent.
func (h *harness) marks() (all []topology.Watermark) {
	h.commit(func(e task.Entry) {
		if e.Kind == task.ToSink && e.Partition == task.EveryPartition {
			w, err := topology.ParseWatermark(e.Value)
			require.NoError(h.t, err)
			all = append(all, w)
		}
	})
	return all
}

func TestStreamTimeIsTheMinimumAndNeverGoesBack(t *testing.T) {
	h := start(t, two)
	for i, step := range []struct {
		source int
		at     int64
		want   string
	}{{0, 5, "none"}, {1, 3, "3"}, {0, 9, "3"}, {1, 7, "7"}, {1, 4, "7"}, {1, 20, "9"}} {
		h.add(step.source, int64(i), "k", step.at)
		h.work()
		require.Equal(t, step.want, h.stream(), "step %d", i)
	}
}

func TestTimersFireBeforeTheRecordThatMakesThemDue(t *testing.T) {
	var timer *topology.Timer
	h := start(t, func(b *topology.Builder, h *harness) {
		with(timed(b, "a"), "probe", topology.Needs{}, probe{
			init: func(ctx topology.Context) {
				timer = ctx.OnStreamTime(func(now int64) error {
					h.note("timer@%s,%s,%q", since(now), since(ctx.StreamTime()), ctx.Source().Topic)
					if now < base+40 {
						timer.At(now + 5)
					}
					return nil
				})
				timer.At(base + 10)
			},
			process: func(ctx topology.Context, rec *record) error {
				h.note("%s@%s,%s", rec.Key, since(ctx.StreamTime()), ctx.Source())
				return nil
			},
		})
	})
	for i, at := range []int64{9, 10, 3, 50} {
		h.add(0, int64(i), "k", at)
	}
	h.work()
	require.Equal(t, `k@9,a/1/0 timer@10,10,"" k@10,a/1/1 k@10,a/1/2 timer@50,50,"" k@50,a/1/3`, h.took())
	require.EqualValues(t, topology.Never, timer.Due())
}

func TestWallClockTimers(t *testing.T) {
	var timer *topology.Timer
	h := start(t, func(b *topology.Builder, h *harness) {
		with(timed(b, "a"), "probe", topology.Needs{}, probe{init: func(ctx topology.Context) {
			timer = ctx.OnWallClock(func(now int64) error {
				h.note("%d/%d", now, ctx.WallTime())
				return nil
			})
			timer.At(100)
			timer.Sooner(50)
			timer.Sooner(70)
		}})
	})
	for _, wall := range []int64{49, 60, 200} {
		require.NoError(t, h.Advance(wall))
	}
	require.Equal(t, "60/60", h.took())
	require.True(t, h.Dirty())
}

func TestIdleDriftClosesTheLastPane(t *testing.T) {
	h := start(t, sending(2000, 0))
	h.add(0, 0, "k", 1500)
	h.work()
	h.quiet(10_000)
	require.Equal(t, []topology.Watermark{{Task: 1, Tasks: 2, Time: base - 1000, InputOffset: 1}}, h.marks())
	require.False(t, h.Dirty())

	h.quiet(11_999)
	require.False(t, h.Dirty(), "patient for as long as its grace")
	h.quiet(12_000)
	require.Equal(t, []topology.Watermark{{Task: 1, Tasks: 2, Time: base - 1000, InputOffset: 1, Idle: true}}, h.marks())
	h.quiet(12_499)
	require.False(t, h.Dirty(), "quiet costs nothing while nothing is due")
	require.Equal(t, "1500", h.stream())
	h.quiet(12_500)
	require.Equal(t, "4000", h.stream(), "the pane [1000, 2000) and its grace")
	require.Equal(t, []topology.Watermark{{Task: 1, Tasks: 2, Time: base + 2000, InputOffset: 1, Idle: true}}, h.marks())
	h.quiet(3_600_000)
	require.False(t, h.Dirty(), "the last pane is closed")

	h.add(0, 1, "k", 1600)
	h.work()
	h.quiet(3_600_001)
	require.Equal(t, "4000", h.stream())
	require.Equal(t, []topology.Watermark{{Task: 1, Tasks: 2, Time: base + 2000, InputOffset: 2}}, h.marks())
}

// For as long as windows downstream wait, an idle task goes on pane by pane.
func TestIdleDriftReachesWindowsDownstream(t *testing.T) {
	h := start(t, sending(0, 3000))
	h.add(0, 0, "k", 1500)
	h.work()
	h.commit(nil)
	h.quiet(10_000)
	var sent []int64
	for wall := int64(11_000); wall < 30_000; wall += 100 {
		h.quiet(wall)
		for _, w := range h.marks() {
			sent = append(sent, w.Time-base)
		}
	}
	require.Equal(t, []int64{2000, 3000, 4000, 5000}, sent, "4500 is as far as a window of 3000 may wait")
}

func TestIdleTaskWithoutRecordsSaysSo(t *testing.T) {
	h := start(t, sending(0, 0))
	h.quiet(10_000)
	require.False(t, h.Dirty())
	h.quiet(11_000)
	w := h.marks()
	require.Len(t, w, 1)
	require.True(t, w[0].Idle)
	require.Equal(t, "none", h.stream())
}

func TestIdleSourceHoldsNothingBack(t *testing.T) {
	h := start(t, two)
	h.add(0, 0, "k", 5000)
	h.add(1, 0, "k", 1000)
	h.work()
	require.Equal(t, "1000", h.stream())
	h.Quiet(1, 10_000)
	h.add(0, 1, "k", 6000)
	h.work()
	require.NoError(t, h.Advance(10_999))
	require.Equal(t, "1000", h.stream())
	require.NoError(t, h.Advance(11_000))
	require.Equal(t, "6000", h.stream())
	h.add(1, 1, "k", 2000)
	h.add(0, 2, "k", 7000)
	h.work()
	require.Equal(t, "6000", h.stream(), "a source that comes back holds the rest, but not the past")
}

// A clock that is set moves neither stream time nor what is idle; only time that passes does.
func TestAClockThatIsSetMovesNoStreamTime(t *testing.T) {
	const hour = 3_600_000
	for _, by := range []int64{hour, -hour} {
		h := start(t, two)
		h.add(0, 0, "k", 5000)
		h.add(1, 0, "k", 1000)
		h.work()
		wall := int64(base)
		h.Quiet(1, wall)
		h.ClockSet(by)
		require.NoError(t, h.Advance(wall+by+999))
		require.Equal(t, "1000", h.stream())
		require.NoError(t, h.Advance(wall+by+1000))
		require.Equal(t, "5000", h.stream(), "one is idle now")
		h.Quiet(0, wall+by+1000)
		h.ClockSet(by)
		require.NoError(t, h.Advance(wall+2*by+3000))
		require.Equal(t, "7000", h.stream(), "2 s of quiet, whatever the clock says")
	}
}

func TestDriftGoesOnFromTheLastEventTime(t *testing.T) {
	h := start(t, func(b *topology.Builder, h *harness) {
		with(topology.Merge("both", timed(b, "a"), timed(b, "b")), "probe", topology.Needs{}, probe{init: func(ctx topology.Context) {
			timer := ctx.OnStreamTime(func(now int64) error { h.note("%s", since(now)); return nil })
			timer.At(base + 8000)
		}})
	})
	h.add(0, 0, "k", 5000)
	h.add(1, 0, "k", 1000)
	h.work()
	for wall := int64(10_000); wall <= 20_000; wall += 500 {
		h.quiet(wall)
		if wall == 12_500 {
			require.Empty(t, h.log)
		}
	}
	require.Equal(t, "8000", h.took(), "three seconds after the record of 5000")
}

func TestGraceOfSeveralProcessors(t *testing.T) {
	var ctx topology.Context
	grace := func(ms int64) probe {
		return probe{init: func(c topology.Context) { ctx = c; c.SetGrace(ms) }}
	}
	h := start(t, func(b *topology.Builder, _ *harness) {
		in := timed(b, "a")
		with(in, "one", topology.Needs{}, grace(2000))
		with(in, "two", topology.Needs{}, grace(7000))
		with(in, "three", topology.Needs{}, grace(0))
		sink, _ := topology.Channel(b, "down", codecs.String, codecs.Int64)
		with(in, "four", topology.Needs{Sinks: []*topology.SinkNode{sink.Node()}}, probe{})
	})
	h.add(0, 0, "k", 10_000)
	h.work()
	require.EqualValues(t, base+3000, h.marks()[0].Time)
	ctx.SetGrace(1000)
	h.add(0, 1, "k", 10_001)
	h.work()
	require.EqualValues(t, base+9000, h.marks()[0].Time, "later calls replace it")
}

// While a node holds, no watermark passes that time, and the task is not idle.
func TestHoldKeepsTheWatermark(t *testing.T) {
	var hold *topology.Hold
	h := start(t, func(b *topology.Builder, _ *harness) {
		in := timed(b, "a")
		moved, _ := topology.Channel(b, "moved", codecs.String, codecs.Int64)
		with(in, "one", topology.Needs{Sinks: []*topology.SinkNode{moved.Node()}}, probe{init: func(ctx topology.Context) { hold = ctx.Hold() }})
	})
	last := func() topology.Watermark {
		h.work()
		marks := h.marks()
		require.NotEmpty(t, marks)
		return marks[len(marks)-1]
	}
	h.quiet(base)
	hold.At = base + 2500
	h.add(0, 0, "k", 5000)
	require.EqualValues(t, base+2000, last().Time)
	h.quiet(base + 5000)
	h.quiet(base + 9000)
	require.Empty(t, h.marks(), "idle, but for what it holds")
	hold.At = topology.Never
	require.True(t, last().Idle)
}
