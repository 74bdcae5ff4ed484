package operation

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The experiments of load; the last one is by event.
var loaded = []string{"checkout-button", "signup-copy", "heavy-banner", "ranker-latency"}

// dirty are the flags of a load with all that a log may hold.
var dirty = []string{"--rate", "1000", "--duplicates", "0.02", "--late", "0.02", "--tagged", "0.1"}

// Two processes share the work under load; fifty times one of them is killed, wherever it is, and
// started again at once: while it opens its state, joins, restores, processes or commits.
func TestFiftyKillsLoseAndDoubleNothing(t *testing.T) {
	const kills, longest = 50, 2400 * time.Millisecond
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	i := install(t)
	watch := i.watch()
	runs := []*process{i.run(), i.run()}
	for _, r := range runs {
		r.says("task runs")
	}
	load := i.load(dirty...)
	watch.goesOn(loaded...)
	for range kills {
		victim := runs[rng.IntN(len(runs))]
		select { // the moment is what is random
		case <-time.After(time.Duration(rng.Int64N(int64(longest)))):
		case <-victim.Ended():
			victim.lives()
		}
		victim.Kill()
		victim.start()
	}
	watch.goesOn(loaded...)
	made := load.end()
	i.verified()
	i.counted(made)
	require.NotZero(t, made.Duplicates)
	require.NotZero(t, made.Late)
	require.NotZero(t, made.Tagged)
	for _, r := range runs {
		r.stop()
		require.NotRegexp(t, `fenced|state is rebuilt`, r.output(), "two processes never fence each other, nothing local is wiped")
	}
	i.whole()
}
