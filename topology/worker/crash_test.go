package worker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

var errCrash = errors.New("crash of the test")

// A session that ends at any step of a commit loses its memory there: what follows must count each
// record once, whether the transaction had been committed or not. No step leaves the local state ahead
// of the log, so none makes a task rebuild it.
func TestCrashAtEachStepOfACommitCountsOnce(t *testing.T) {
	for _, memory := range []bool{true, false} {
		for step := Flushed; step <= Applied; step++ {
			t.Run(fmt.Sprintf("step %d memory %v", step, memory), func(t *testing.T) {
				t.Parallel()
				crashes := atomic.Int32{}
				c := newCluster(t)
				log, said := said()
				c.words(0, 400, 13)
				c.startApp("app", Config{Workers: 2, Memory: memory, Logger: log, StateDir: t.TempDir(), Hooks: Hooks{Step: func(_ int, at Step) error {
					if at == step && crashes.Load() < 3 {
						crashes.Add(1)
						return fmt.Errorf("%w %d", errCrash, crashes.Load())
					}
					return nil
				}}})
				c.eventually(400)
				c.words(400, 400, 13)
				c.eventually(800)
				require.EqualValues(t, 3, crashes.Load())
				require.False(t, said("state is rebuilt", ""), "the local state was not what the log has")
			})
		}
	}
}

// Crashes at random steps under a running producer.
func TestRandomCrashesCountOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	var n atomic.Int32
	dice := make(chan bool, 4096)
	for range cap(dice) {
		dice <- rng.IntN(12) == 0
	}
	c := newCluster(t)
	c.startApp("app", Config{Workers: 2, StateDir: t.TempDir(), Hooks: Hooks{Step: func(int, Step) error {
		if n.Load() < 15 && <-dice {
			return fmt.Errorf("%w %d", errCrash, n.Add(1))
		}
		return nil
	}}})
	for i := range 20 {
		c.words(i*100, 100, 13)
		c.eventually(int64(100 * (i + 1)))
	}
	require.NotZero(t, n.Load(), "no crash happened: the test shows nothing")
}
