package operation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Without the group's offsets nobody knows which events the state reflects: a run that began at the
// start of the log would count them twice. It refuses and names the way out, which works.
func TestDeletedOffsetsAreRefusedAndResetHelps(t *testing.T) {
	i := install(t)
	dir := t.TempDir()
	run := i.start("run", "--workers", "1", "--state-dir", dir)
	run.says("task runs")
	made := i.loadFor(2*time.Second, dirty...)
	i.verified()
	run.stop()
	_, err := i.admin.DeleteGroup(t.Context(), i.prefix)
	require.NoError(t, err)

	refused := i.do("run", "--workers", "1", "--state-dir", dir)
	require.Equal(t, 1, refused.code)
	last := lastLine(refused.err)
	t.Log(last)
	require.Contains(t, last, "offsets expired or were deleted")
	require.Contains(t, last, "abacus topics reset")

	t.Log(i.must("topics", "reset", "--yes", "--state-dir", dir))
	run.start()
	run.says("task runs")
	i.verified()
	i.counted(made)
	run.stop()
	i.whole()
}
