package operation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A state directory belongs to one process; the second one says so and leaves the first alone.
func TestStateDirectoryBelongsToOneProcess(t *testing.T) {
	i := install(t)
	dir := t.TempDir()
	first := i.start("run", "--workers", "1", "--state-dir", dir)
	first.says("task runs")
	second := i.do("run", "--workers", "1", "--state-dir", dir)
	t.Log(second.err)
	require.Equal(t, 1, second.code)
	last := lastLine(second.err)
	require.Contains(t, last, dir)
	require.Contains(t, last, "another process uses this state directory")
	first.lives()
	require.Len(t, i.members(i.prefix), 1)
	first.stop()
}

// A state directory that was copied, as with the image of a machine, brings its instance id along:
// one of the two ends and names the id, the other one goes on alone, and each event counts once.
func TestDuplicateInstanceIDIsNamed(t *testing.T) {
	i := install(t)
	origin, clone := t.TempDir(), t.TempDir()
	one := i.start("run", "--workers", "1", "--state-dir", origin)
	one.says("task runs")
	one.stop()
	require.NoError(t, os.CopyFS(clone, os.DirFS(origin)))
	id, err := os.ReadFile(filepath.Join(clone, i.prefix, "instance"))
	require.NoError(t, err)
	one.start()
	one.says("task runs")
	two := i.start("run", "--workers", "1", "--state-dir", clone)
	load := i.load(dirty...)
	ended, left := one, two
	select {
	case <-one.Ended():
	case <-two.Ended():
		ended, left = two, one
	case <-time.After(time.Minute):
		require.Fail(t, "both go on")
	}
	last := lastLine(ended.output())
	t.Log(last)
	require.Contains(t, last, "instance id "+string(id))
	made := load.end()
	i.verified()
	i.counted(made)
	left.lives()
	left.stop()
	i.whole()
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
