package worker

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// A step of the topology that fails again and again stops the app, whatever its errors say, and the error names it.
func TestSameFailureFiveTimesStops(t *testing.T) {
	var f failures
	id := topology.TaskID{Partition: 1}
	for i := range sameLimit - 1 {
		for _, other := range []error{failedAt(id, "timers", errors.New("boom")), failedAt(topology.TaskID{}, "flush", errors.New("boom"))} {
			_, fatal := f.judge(other, start)
			require.NoError(t, fatal, "a failure elsewhere is of another series")
		}
		wait, fatal := f.judge(failedAt(id, "flush", fmt.Errorf("port %d refuses", i)), start)
		require.NoError(t, fatal, "try %d", i)
		require.Equal(t, backoff<<i, wait)
	}
	_, fatal := f.judge(failedAt(id, "flush", errors.New("task 0_1: flush: boom")), start)
	require.ErrorContains(t, fatal, "failed 5 times in the same way: task 0_1: flush: boom")
}

// So does an answer that only another setting will change; one that passes does not.
func TestRefusalStopsAndTroubleDoesNot(t *testing.T) {
	for cause, stops := range map[error]bool{kerr.InvalidSessionTimeout: true, kerr.GroupAuthorizationFailed: true, kerr.CoordinatorNotAvailable: false} {
		var f failures
		var fatal error
		for range 2 * sameLimit {
			if fatal == nil {
				_, fatal = f.judge(fmt.Errorf("poll: %w", cause), start)
			}
		}
		require.Equal(t, stops, fatal != nil, "%v: %v", cause, fatal)
	}
}

// A failure is forgotten some time after a commit of its task, not for the time that the restores between two of them take.
func TestFailuresAreForgottenAfterACommit(t *testing.T) {
	w := idleWorker(t)
	const id = 1 // the partition of its task
	for name, c := range map[string]struct {
		at      error
		commits bool
		working time.Duration // after the commit
		stops   bool
	}{
		"restores are slow":        {failedAt(topology.TaskID{Partition: id}, "flush", errors.New("boom")), false, 2 * calm, true},
		"another task commits":     {failedAt(topology.TaskID{Partition: id + 1}, "flush", errors.New("boom")), true, 2 * calm, true},
		"it fails soon after":      {failedAt(topology.TaskID{Partition: id}, "timers", errors.New("boom")), true, calm / 2, true},
		"it has got over it":       {failedAt(topology.TaskID{Partition: id}, "flush", errors.New("boom")), true, 2 * calm, false},
		"a refusal was taken back": {fmt.Errorf("produce: %w", kerr.TopicAuthorizationFailed), true, 2 * calm, false},
		"a refusal, slowly":        {fmt.Errorf("produce: %w", kerr.TopicAuthorizationFailed), false, 2 * calm, true},
	} {
		var f failures
		now, stopped := start, false
		for range 3 * sameLimit {
			_, fatal := f.judge(c.at, now)
			stopped = stopped || fatal != nil
			now = now.Add(time.Second)
			if c.commits {
				for _, r := range w.running {
					f.committed([]*running{r}, now)
				}
			}
			now = now.Add(c.working)
		}
		require.Equal(t, c.stops, stopped, name)
	}
}

// Faults that are over are not kept.
func TestFaultsThatAreOverAreDropped(t *testing.T) {
	w := idleWorker(t)
	var f failures
	for id, r := range w.running {
		_, fatal := f.judge(failedAt(id, "flush", errors.New("boom")), start)
		require.NoError(t, fatal)
		f.committed([]*running{r}, start)
		require.Len(t, f.steps, 1)
		f.committed([]*running{r}, start.Add(2*calm))
		require.Empty(t, f.steps)
	}
}

// panicking is a processor that panics at the flush, each time with another stack.
type panicking struct{ flushes *atomic.Int64 }

func (p *panicking) Init(ctx topology.Context) error {
	ctx.OnFlush(func() error {
		p.flushes.Add(1)
		var none *panicking
		none.flushes = p.flushes
		return nil
	})
	return nil
}

func (*panicking) Process(*topology.Record[string, string]) error { return nil }

// A panic at a flush is the same failure each time, though its stack is not; the log has the stack, the error has not.
func TestAPanicAtTheFlushStopsTheApp(t *testing.T) {
	c := newCluster(t)
	var flushes atomic.Int64
	var b topology.Builder
	topology.Process(topology.From(&b, "words", codecs.String, codecs.String), "panicking", topology.Needs{},
		func(topology.Forward[string, string]) topology.Processor[string, string] { return &panicking{&flushes} })
	topo, err := b.Build("app")
	require.NoError(t, err)
	c.words(0, 1, 1)
	log, told := said()
	stop := c.begin(topo, Config{Workers: 1, Memory: true, Logger: log})
	require.Eventually(t, func() bool { return c.alive.Load() == 0 || flushes.Load() > 4*sameLimit }, 2*waitLimit, tick)
	require.EqualValues(t, sameLimit, flushes.Load())
	err = stop()
	require.ErrorContains(t, err, ": flush: panic: ")
	require.NotContains(t, err.Error(), "goroutine")
	require.True(t, told("the topology panicked", ": flush: panic: "))
}
