package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

// Where the group's offsets have expired or were deleted, state without them would count the whole
// input a second time: Run refuses, and says what to do.
func TestDeletedOffsetsBesideStateAreRefused(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		for name, lose := range map[string]bool{"state on disk": false, "state in the changelog alone": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p, dir := k.pipeline(t, setup{}), t.TempDir()
				p.register(button, wording, ranker)
				x := p.start(worker.Config{StateDir: dir})
				p.send(newTraffic(2, 50, minutesAgo(6), 40).next(500)...)
				p.settle()
				require.NoError(t, x.stop())
				seen := p.outputs(p.read) // the last markers may still be on their way

				ctx, cancel := p.context()
				defer cancel()
				_, err := p.admin.DeleteGroup(ctx, p.prefix)
				require.NoError(t, err)
				if lose {
					dir = t.TempDir()
				}
				x = p.start(worker.Config{StateDir: dir})
				<-x.done
				require.ErrorContains(t, x.err, "abacus topics reset")
				require.ErrorContains(t, x.err, "the group has no offset of "+p.prefix)
				require.Equal(t, seen, p.outputs(p.read), "something was processed all the same")
			})
		}
	})
}
