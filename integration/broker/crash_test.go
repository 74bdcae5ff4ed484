package broker

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

var errCrash = errors.New("crash of the test")

// A session that ends at any step of a commit loses its memory there: what follows must count each
// record once, whether the transaction had been committed or not.
func TestCrashAtEachStepOfACommitCountsOnce(t *testing.T) {
	const crashes = 3
	for step := worker.Flushed; step <= worker.Applied; step++ {
		for _, memory := range []bool{true, false} {
			t.Run(fmt.Sprintf("step %d memory %v", step, memory), func(t *testing.T) {
				t.Parallel()
				s := newScene(t)
				var n atomic.Int32
				s.words(400, 13)
				stop := s.start(worker.Config{Workers: 2, Memory: memory, StateDir: t.TempDir(), Hooks: worker.Hooks{Step: func(_ int, at worker.Step) error {
					if at == step && n.Add(1) <= crashes {
						return fmt.Errorf("%w at step %d", errCrash, at)
					}
					return nil
				}}})
				s.settled()
				s.words(400, 13)
				s.settled()
				require.NoError(t, stop())
				require.GreaterOrEqual(t, n.Load(), int32(crashes))
				// A crash in the midst of another worker's join may end that one's session too.
				require.GreaterOrEqual(t, s.sessionsEnded(), crashes)
				t.Logf("%d sessions ended", s.sessionsEnded())
				s.positionsAgree()
			})
		}
	}
}
