package worker

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The tables of all tasks of a worker have one bound, and counts come out the same.
func TestTheCacheOfAWorkerIsBoundedAsAWhole(t *testing.T) {
	const distinct, bytes = 60_000, 1 << 20
	c := newCluster(t)
	c.words(0, distinct, distinct)
	var held, most atomic.Int64
	reported := func(r Report) {
		sum := int64(0)
		for _, task := range r.Running {
			sum += task.Cache.Bytes
		}
		held.Store(sum)
		most.Store(max(sum, most.Load()))
	}
	c.startApp("app", Config{Workers: 1, StateDir: t.TempDir(), CacheBytes: bytes, CheckpointEvery: 20 * time.Millisecond, Hooks: Hooks{Reported: reported}})
	c.eventually(distinct)
	c.words(distinct, distinct, distinct)
	c.eventually(2 * distinct)
	require.Eventually(t, func() bool { return held.Load() > 0 && held.Load() < 2*bytes }, 20*time.Second, 10*time.Millisecond, "the tables hold %d bytes", held.Load())
	t.Logf("held at most %d bytes, in the end %d", most.Load(), held.Load())
}
