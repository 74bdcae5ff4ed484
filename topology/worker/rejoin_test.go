package worker

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Processes come and go while sessions end at any step, those that let partitions go among them:
// no partition is left with nobody, and nothing is counted twice.
func TestRebalancesAndCrashesCountOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := make(chan bool, 1<<16)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range cap(dice) {
		dice <- rng.IntN(8) == 0
	}
	var n atomic.Int32
	crash := Hooks{Step: func(int, Step) error {
		if n.Load() < 12 && <-dice {
			return fmt.Errorf("%w %d", errCrash, n.Add(1))
		}
		return nil
	}}
	c := newCluster(t)
	c.startApp("app", Config{Workers: 2, StateDir: t.TempDir(), Hooks: crash})
	total := int64(0)
	for range 2 {
		stop := c.startApp("app", Config{Workers: 1, StateDir: t.TempDir(), Hooks: crash})
		for range 3 {
			c.words(int(total), 50, 13)
			total += 50
			c.eventually(total)
		}
		require.NoError(t, stop())
		c.words(int(total), 50, 13)
		total += 50
		c.eventually(total)
	}
	require.NotZero(t, n.Load(), "no crash happened: the test shows nothing")
}
