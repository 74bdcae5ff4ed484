package task_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

var errLuck = errors.New("out of luck")

// unlucky fails for the records of a key, by a panic where it is to.
func unlucky(key string, panics bool) probe {
	return probe{process: func(_ topology.Context, rec *record) error {
		switch {
		case rec.Key == key && panics:
			panic("out of luck")
		case rec.Key == key:
			return errLuck
		}
		return nil
	}}
}

// storing writes what it sees into a table.
func storing(h *harness) probe {
	return probe{process: func(ctx topology.Context, rec *record) error {
		h.note("%s", rec.Key)
		ctx.Table("kept").Put([]byte(rec.Key), []byte("x"))
		return nil
	}}
}

var kept = topology.Needs{Stores: []topology.Store{{Name: "kept"}}}

// counted are the counters of a task.
func (h *harness) counted() map[string]int64 {
	counts := map[string]int64{}
	h.Counters(func(name string, n int64) { counts[name] = n })
	return counts
}

// reopen makes the task anew, as a session does after a failure that it remembers.
func (h *harness) reopen(trials task.Trials) {
	h.trials = trials
	h.open()
}

func TestUndecodablePolicies(t *testing.T) {
	for policy, want := range map[topology.Policy]map[string]int64{
		topology.ByDefault:  {"dead_letters_total": 1, "dead_letters.undecodable": 1},
		topology.DeadLetter: {"dead_letters_total": 1, "dead_letters.undecodable": 1},
		topology.Skip:       {"skipped_total": 1, "skipped.undecodable": 1},
	} {
		h := start(t, func(b *topology.Builder, h *harness) {
			with(topology.OnUndecodable(timed(b, "a"), policy), "probe", topology.Needs{}, seen(h))
		})
		h.Add(0, []task.Record{{Offset: 7, Appended: base, Key: []byte("k"), Value: []byte("no number")}})
		h.add(0, 8, "good", 1)
		h.work()
		require.Equal(t, "good", keys(h.took()))
		require.Equal(t, want, h.counted(), "policy %d", policy)
		require.Len(t, h.flush(task.ToDeadLetters), int(want["dead_letters_total"]))
	}
}

func TestUndecodableStops(t *testing.T) {
	for _, declared := range []bool{true, false} { // by the source, by the app
		h := start(t, func(b *topology.Builder, h *harness) {
			in := timed(b, "a")
			if declared {
				in = topology.OnUndecodable(in, topology.Stop)
			}
			with(in, "probe", topology.Needs{}, seen(h))
		})
		h.reopen(task.Trials{Undecodable: topology.Stop})
		h.Add(0, []task.Record{{Offset: 7, Appended: base, Key: []byte("k"), Value: []byte("no number")}})
		_, err := h.Process(1)
		failed, ok := errors.AsType[*task.Failure](err)
		require.True(t, ok)
		require.True(t, failed.Final)
		require.ErrorContains(t, err, "task 0_1: record a/1/7: undecodable: value: codecs: int64")
		require.EqualValues(t, -1, h.Next(0), "it is not passed over")
	}
}

// A node that keeps nothing is tried where it is; what is below it, or beside, sees nothing of the record.
func TestAFailureThatLeavesNothingIsDealtWithInPlace(t *testing.T) {
	for _, panics := range []bool{false, true} {
		h := start(t, func(b *topology.Builder, h *harness) {
			pass := with(timed(b, "a"), "pass", topology.Needs{}, probe{})
			bad := topology.OnFailure(with(pass, "luck", topology.Needs{}, unlucky("bad", panics)),
				topology.Retry{Tries: 3, Backoff: time.Second, Then: topology.DeadLetter})
			with(bad, "keep", kept, storing(h))
		})
		h.add(0, 4, "good", 1)
		h.add(0, 5, "bad", 2)
		h.add(0, 6, "better", 3)
		now := int64(base)
		for _, wait := range []int64{0, 999, 1} { // 1 s, then 2 s
			now += wait
			require.NoError(t, h.Advance(now))
			h.work()
			require.LessOrEqual(t, h.Next(0), int64(5), "the second try comes after a second")
		}
		require.NoError(t, h.Advance(now+1999))
		h.work()
		require.Equal(t, 2, h.Queued(0))
		require.NoError(t, h.Advance(now+2000))
		h.work()
		require.Equal(t, "good better", h.took())
		letters := h.flush(task.ToDeadLetters)
		require.Len(t, letters, 1)
		require.Equal(t, "bad", string(letters[0].Key))
		require.Equal(t, "a/1/5", header(letters[0], task.HeaderSource))
		require.Equal(t, "failed", header(letters[0], task.HeaderReason))
		require.Equal(t, "pass > luck", header(letters[0], task.HeaderPath))
		require.Contains(t, header(letters[0], task.HeaderError), "out of luck")
		require.Equal(t, map[string]int64{"dead_letters_total": 1, "dead_letters.failed": 1}, h.counted())
	}
}

// A record that came to a node with state is not dealt with in place, on whichever of two ways: its
// task goes back, and passes over it when it comes again.
func TestAFailureThatMayHaveLeftSomethingGoesBack(t *testing.T) {
	h := start(t, func(b *topology.Builder, h *harness) {
		in := timed(b, "a")
		with(in, "keep", kept, storing(h))
		topology.OnFailure(with(in, "luck", topology.Needs{}, unlucky("bad", false)), topology.Retry{Tries: 1, Then: topology.Skip})
	})
	h.add(0, 4, "good", 1)
	h.add(0, 5, "bad", 2)
	_, err := h.Process(10)
	failed, ok := errors.AsType[*task.Failure](err)
	require.True(t, ok)
	require.False(t, failed.Final)
	require.Equal(t, "luck", failed.Path)
	require.Equal(t, topology.Retry{Tries: 1, Backoff: 50 * time.Millisecond, Then: topology.Skip}, failed.Retry)
	require.EqualError(t, err, "task 0_1: record a/1/5 in luck: out of luck")
	h.Abort()
	h.took()
	h.reopen(task.Trials{Condemned: map[string]map[int64]task.Sentence{"a": {5: failed.Sentence()}}})
	h.add(0, 4, "good", 1)
	h.add(0, 5, "bad", 2)
	h.add(0, 6, "better", 3)
	h.work()
	require.Equal(t, "good better", h.took())
	require.Equal(t, "3", h.stream(), "it moved stream time all the same")
	require.EqualValues(t, 7, h.Next(0))
	require.Equal(t, map[string]int64{"skipped_total": 1, "skipped.failed": 1}, h.counted())
}

// A node without tables that takes part in the flush, or that has made a dead letter of its own, may
// have kept something too.
func TestWhatCountsAsLeavingSomething(t *testing.T) {
	for name, p := range map[string]probe{
		"flush":       {init: func(ctx topology.Context) { ctx.OnFlush(func() error { return nil }) }},
		"timer":       {init: func(ctx topology.Context) { ctx.OnWallClock(func(int64) error { return nil }) }},
		"hold":        {init: func(ctx topology.Context) { ctx.Hold() }},
		"dead letter": {process: func(ctx topology.Context, _ *record) error { ctx.DeadLetter("odd", nil); return nil }},
		"a table":     {process: func(ctx topology.Context, _ *record) error { ctx.Table("kept"); return nil }},
		"nothing":     {},
	} {
		h := start(t, func(b *topology.Builder, h *harness) {
			in := timed(b, "a")
			with(in, "first", topology.Needs{}, p)
			bad := with(in, "luck", topology.Needs{}, unlucky("bad", false))
			with(topology.OnFailure(bad, topology.Retry{Tries: 1, Then: topology.Skip}), "keep", kept, storing(h))
		})
		h.add(0, 5, "bad", 2)
		_, err := h.Process(10)
		if name == "nothing" {
			require.NoError(t, err)
		} else {
			require.Error(t, err, name)
		}
	}
}

func TestTheNearestNodeAboveDecides(t *testing.T) {
	h := start(t, func(b *topology.Builder, h *harness) {
		source := topology.OnFailure(timed(b, "a"), topology.Retry{Tries: 7, Backoff: time.Minute})
		outer := topology.OnFailure(with(source, "outer", topology.Needs{}, probe{}), topology.Retry{Tries: 2, Then: topology.DeadLetter})
		inner := topology.OnFailure(with(outer, "inner", kept, storing(h)), topology.Retry{Then: topology.Skip})
		with(inner, "luck", topology.Needs{}, unlucky("bad", false))
	})
	h.reopen(task.Trials{Failing: topology.Retry{Tries: 9, Backoff: time.Hour}})
	h.add(0, 5, "bad", 2)
	_, err := h.Process(10)
	failed, ok := errors.AsType[*task.Failure](err)
	require.True(t, ok)
	require.Equal(t, "outer > inner > luck", failed.Path)
	require.Equal(t, topology.Retry{Tries: 2, Backoff: time.Minute, Then: topology.Skip}, failed.Retry)
}

// A timer that fails is no fault of the record that moved the time, and no dead letter helps.
func TestATimerThatFailsIsNoFailureOfTheRecord(t *testing.T) {
	for _, panics := range []bool{false, true} {
		h := start(t, func(b *topology.Builder, h *harness) {
			bad := with(timed(b, "a"), "probe", topology.Needs{}, probe{init: func(ctx topology.Context) {
				ctx.OnStreamTime(func(int64) error {
					if panics {
						panic("out of luck")
					}
					return errLuck
				}).At(base + 5)
			}})
			topology.OnFailure(bad, topology.Retry{Tries: 1, Then: topology.Skip})
		})
		h.add(0, 0, "k", 10)
		_, err := h.Process(1)
		require.ErrorContains(t, err, "out of luck")
		_, ok := errors.AsType[*task.Failure](err)
		require.False(t, ok)
	}
}

// A panic in the flush or in a timer of the wall clock is an error of the task, not the end of the process.
func TestPanicsOutsideOfRecords(t *testing.T) {
	h := start(t, func(b *topology.Builder, h *harness) {
		with(timed(b, "a"), "probe", topology.Needs{}, probe{init: func(ctx topology.Context) {
			ctx.OnFlush(func() error { panic("in the flush") })
			ctx.OnWallClock(func(int64) error { panic("at night") }).At(base)
		}})
	})
	require.EqualError(t, h.Flush(), "task 0_1: flush: panic: in the flush")
	err := h.Advance(base)
	require.EqualError(t, err, "task 0_1: timers: panic: at night")
	require.Contains(t, string(task.Stack(err)), "failure_test.go", "where it came from")
}

func TestNodesAreTimedForASample(t *testing.T) {
	took, ticks := map[string][]int64{}, int64(0)
	h := start(t, func(b *topology.Builder, h *harness) {
		outer := with(timed(b, "a"), "outer", topology.Needs{}, probe{process: func(topology.Context, *record) error { ticks += 100; return nil }})
		with(outer, "inner", topology.Needs{}, probe{process: func(topology.Context, *record) error { ticks += 7; return nil }})
	})
	h.timed = func(node string, ns int64) { took[node] = append(took[node], ns) }
	h.clock = func() int64 { h.note("tick"); return ticks }
	h.open()
	for i := range int64(3000) {
		h.add(0, i, "k", i)
	}
	h.work()
	require.Equal(t, map[string][]int64{"outer": {100, 100}, "inner": {7, 7}}, took, "each without those below")
	require.Equal(t, 8, strings.Count(h.took(), "tick"), "the clock is read for no other record")
}

// Neither following records nor intercepting them allocates.
func TestFollowedRecordsAllocateNothing(t *testing.T) {
	calls := 0
	h := start(t, func(b *topology.Builder, h *harness) {
		in := topology.FromTimed(b, "a", codecs.Bytes, codecs.Int64, func(rec *topology.Record[[]byte, int64], _ *topology.Source) (int64, bool) {
			return base + rec.Value, true
		})
		next := topology.Process(in, "outer", topology.Needs{}, func(out topology.Forward[[]byte, int64]) topology.Processor[[]byte, int64] { return plain{out} })
		topology.OnFailure(topology.Process(next, "inner", topology.Needs{}, func(out topology.Forward[[]byte, int64]) topology.Processor[[]byte, int64] { return plain{out} }),
			topology.Retry{Then: topology.Skip})
		b.Intercept("outer", func(_ topology.Context, next func() error) error { calls++; return next() })
	})
	h.timed, h.clock = func(string, int64) {}, func() int64 { return 0 }
	h.open()
	const records = 4096
	for i := range int64(records) {
		h.add(0, i, "k", i)
	}
	h.step(1024)
	require.Zero(t, testing.AllocsPerRun(3, func() { h.step(512) }))
	require.Equal(t, 1024+4*512, calls)
}

// plain passes records on.
type plain struct {
	out topology.Forward[[]byte, int64]
}

func (plain) Init(topology.Context) error { return nil }

func (p plain) Process(rec *topology.Record[[]byte, int64]) error { return p.out(rec) }

func (h *harness) step(n int) {
	did, err := h.Process(n)
	if err != nil || did != n {
		h.t.Fatal(did, err)
	}
}
