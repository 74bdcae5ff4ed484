package broker

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The time from SIGKILL to the next committed output, the same process started again at once. The
// figures are for people: nothing is asserted of them.
func TestSameInstanceIsBackSoon(t *testing.T) {
	s := newScene(t)
	i := s.instance()
	unload := s.load(1000)
	var took []time.Duration
	for range 7 {
		i.works(5)
		killed := time.Now()
		i.process.Kill()
		ends := s.ends()
		i.start()
		took = append(took, s.watch.after(ends).Sub(killed))
	}
	unload()
	s.settled()
	i.stop()
	s.positionsAgree()
	quiet(t, i)
	slices.Sort(took)
	t.Logf("killed, started again, next committed output after: %v; median %v", took, took[len(took)/2])
}

// ends are the ends of the output, by partition, records of open transactions included.
func (s *scene) ends() map[int32]int64 {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	listed, err := s.admin.ListEndOffsets(ctx, s.app+"-counts")
	require.NoError(s.t, err)
	ends := map[int32]int64{}
	for p, o := range listed[s.app+"-counts"] {
		require.NoError(s.t, o.Err)
		ends[p] = o.Offset
	}
	return ends
}
