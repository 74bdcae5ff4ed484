package operation

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A process that is halted until the group has put it out, and then goes on in the middle of what it
// did: another one has its tasks by then, and what it still holds must come to nothing.
func TestZombieWritesNothing(t *testing.T) {
	i := install(t)
	watch := i.watch()
	zombie, other := i.run(), i.run()
	zombie.says("task runs")
	other.says("task runs")
	load := i.load(dirty...)
	watch.goesOn(loaded...)
	before := i.members(i.prefix)
	require.Len(t, before, 2)
	require.NoError(t, zombie.Signal(syscall.SIGSTOP))
	halted := time.Now()
	eventually(t, 40*time.Second, "the zombie is put out of the group", func() bool { return len(i.members(i.prefix)) == 1 })
	t.Logf("put out after %s", time.Since(halted))
	out := slices.DeleteFunc(before, func(id string) bool { return slices.Contains(i.members(i.prefix), id) })
	require.Len(t, out, 1)
	watch.goesOn(loaded...)
	require.NoError(t, zombie.Signal(syscall.SIGCONT))
	eventually(t, 40*time.Second, "the zombie is a member again", func() bool { return slices.Contains(i.members(i.prefix), out[0]) })
	watch.goesOn(loaded...)
	made := load.end()
	i.verified()
	i.counted(made)
	for _, r := range []*process{zombie, other} {
		r.stop()
	}
	require.NotContains(t, strings.ToLower(other.output()), "fenced")
	i.whole()
}
