package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/deaf"
	"github.com/abacus-stream/abacus/topology/worker"
)

// A commit whose answer is lost counts once: the client's retry is answered, or a new session asks
// the broker what became of it.
func TestLostEndTxnResponseCountsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		for name, lose := range map[string]int32{"once, the retry is answered": 1, "often, the session ends": 5} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p, f, d := k.pipeline(t, setup{}), newTraffic(7, 50, minutesAgo(6), 40), &deaf.Dialer{}
				p.register(button, wording, ranker)
				x := p.start(worker.Config{StateDir: t.TempDir(), Dial: d.Dial})
				p.send(f.next(1000)...)
				p.settle()
				d.Lose.Store(lose)
				p.send(f.next(500)...)
				p.settle()
				require.GreaterOrEqual(t, d.Lost.Load(), lose, "no answer was lost: the test shows nothing")
				p.send(f.next(500)...)
				p.finish(x)
			})
		}
	})
}
