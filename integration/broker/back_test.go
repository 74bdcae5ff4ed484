package broker

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The time from SIGKILL until all tasks are at work again, the same process started again at once
// beside another one, which loses and gains nothing meanwhile: the group does not rebalance. The
// figures are for people: nothing is asserted of them.
func TestSameInstanceIsBackSoon(t *testing.T) {
	s := newScene(t)
	stays, i := s.instance(), s.instance()
	unload := s.load(1000)
	require.Eventually(t, func() bool { return len(i.tasks(0)) == partitions && len(stays.tasks(0)) == partitions }, time.Minute, time.Millisecond)
	stays.works(5)
	moves := func() int { return strings.Count(stays.log(), "task runs") + strings.Count(stays.log(), "task let go") }
	before := moves()
	var took []time.Duration
	for range 7 {
		i.works(5)
		killed := time.Now()
		i.process.Kill()
		ends := s.ends()
		i.start()
		took = append(took, s.watch.allAfter(ends).Sub(killed))
	}
	unload()
	s.settled()
	require.Equal(t, before, moves(), "tasks of the other process moved")
	i.stop()
	stays.stop()
	s.positionsAgree()
	quiet(t, stays, i)
	slices.Sort(took)
	t.Logf("killed, started again, all tasks at work after: %v; median %v", took, took[len(took)/2])
}

// ends are the ends of the output, by partition, records of open transactions included.
func (s *scene) ends() map[int32]int64 {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ends := map[int32]int64{}
	require.Eventually(s.t, func() bool { // a broker that has come back a moment ago has no leaders yet
		listed, err := s.admin.ListEndOffsets(ctx, s.app+"-counts")
		for p, o := range listed[s.app+"-counts"] {
			ends[p] = o.Offset
		}
		return err == nil && listed.Error() == nil && len(ends) == partitions
	}, 20*time.Second, 5*time.Millisecond)
	return ends
}
