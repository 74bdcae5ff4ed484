package pipeline

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

const fastGrace = `
experiment: button
variants: {control: 50, treatment: 50}
control: control
start: 2025-12-01T00:00:00Z
grace: 5s
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 2m}
  - {name: revenue, kind: mean, event: purchase, window: 30s, decimals: 2}
`

// Two workers catch up a backlog of minutes, one of them far behind the other. With a grace of
// seconds no window is wrong, none is corrected, and the last records are those of one worker, byte
// for byte: stage 2 waits for the least watermark of all its writers.
func TestABacklogCaughtUpByTwoWorkersGivesWhatOneWorkerGives(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		f := newTraffic(4, 2000, minutesAgo(12), 8)
		f.calm = true
		events := f.next(40_000) // 5:20 of event time
		runs := [2]map[string][]byte{}
		t.Run("runs", func(t *testing.T) {
			for i := range runs {
				t.Run(fmt.Sprintf("workers %d", i+1), func(t *testing.T) {
					t.Parallel()
					runs[i] = catchUp(t, k, i+1, events)
				})
			}
		})
		require.Greater(t, len(runs[0]), 300)
		for key, value := range runs[0] {
			require.Equal(t, string(value), string(runs[1][key]), key)
		}
		require.Len(t, runs[1], len(runs[0]))
	})
}

// catchUp lets workers process what has been produced before they started, and gives the last statistics.
func catchUp(t *testing.T, k kafka, workers int, events []input) map[string][]byte {
	p := k.pipeline(t, setup{partitions: 8})
	p.register(fastGrace, ranker)
	p.send(events...)
	cfg := worker.Config{Workers: workers}
	if workers > 1 {
		cfg.PollRecords, cfg.CommitEvery, cfg.Hooks.Step = 100, 5*time.Millisecond, (&uneven{}).step
	}
	x := p.start(cfg)
	p.settle()
	if workers > 1 {
		require.Greater(t, p.skew(), time.Minute, "no task ran ahead: the test shows nothing")
	}
	p.finish(x)
	p.requireClosedOnce()
	return p.last(p.stats())
}

// requireClosedOnce says that every window was closed with its last value: nothing came after it.
func (p *pipeline) requireClosedOnce() {
	p.t.Helper()
	closed := map[string]string{}
	for _, r := range p.read(p.stats()) {
		key, rec := string(r.Key), p.record(r.Value)
		if rec.Grain == result.Total {
			continue
		}
		require.Zero(p.t, rec.Revision, "%s was corrected", key)
		require.NotContains(p.t, closed, key, "closed, then: %s", r.Value)
		if rec.Closed {
			closed[key] = string(r.Value)
		}
	}
	require.NotEmpty(p.t, closed)
}

// uneven makes the first worker wait for the second one to get tasks, then the second one for the
// first to have nothing more to do.
type uneven struct {
	first  atomic.Int64 // commits of the first worker
	joined atomic.Bool  // the second one has tasks
}

func (u *uneven) step(n int, at worker.Step) error {
	if at != worker.Flushed {
		return nil
	}
	if n == 0 {
		if u.first.Add(1); !u.joined.Load() {
			time.Sleep(40 * time.Millisecond) // slow, not stopped: it must let go of tasks
		}
		return nil
	}
	u.joined.Store(true)
	for seen, since := u.first.Load(), time.Now(); time.Since(since) < 300*time.Millisecond; time.Sleep(5 * time.Millisecond) {
		if now := u.first.Load(); now != seen {
			seen, since = now, time.Now()
		}
	}
	return nil
}

// skew is the greatest distance between the watermarks of two tasks of stage 1, by the order in
// which stage 2 reads them.
func (p *pipeline) skew() time.Duration {
	p.t.Helper()
	latest, greatest := map[int]int64{}, int64(0) // by task
	for _, r := range p.read(p.deltas()) {
		if r.Partition != 0 || !topology.IsWatermark(r.Value) {
			continue
		}
		w, err := topology.ParseWatermark(r.Value)
		require.NoError(p.t, err)
		latest[w.Task] = w.Time
		for _, other := range latest {
			greatest = max(greatest, w.Time-other, other-w.Time)
		}
	}
	return time.Duration(greatest) * time.Millisecond
}
