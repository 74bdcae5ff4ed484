package operation

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// SIGTERM under load: the process commits what it has processed and leaves the group, which is seen
// at once: its successor need not wait for a session to end.
func TestSigtermDrainsCommitsAndLeaves(t *testing.T) {
	i := install(t)
	run := i.run()
	run.says("task runs")
	load := i.load("--rate", "2000")
	took := run.stop()
	t.Logf("stopped %s after SIGTERM", took)
	run.says("stopped")
	require.Empty(t, i.members(i.prefix), "members of the group once the process has ended")
	load.end()
	run.start()
	i.verified()
	run.stop()
	i.whole()
}
