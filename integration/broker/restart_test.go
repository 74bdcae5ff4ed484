package broker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
	"github.com/abacus-stream/abacus/topology/worker"
)

// A broker that goes away under load, politely or not, costs time and nothing else.
func TestBrokerRestartsUnderLoad(t *testing.T) {
	broker := services.OwnKafka(t)
	s := newScene(t)
	stop := s.start(worker.Config{Workers: 2, StateDir: t.TempDir()})
	unload := s.load(1000)
	for _, kill := range []bool{false, true} {
		s.watch.allAfter(s.ends())
		broker.Restart(t, kill)
		back := s.watch.allAfter(s.ends())
		t.Logf("killed %v: last partition of the output seen to move at %s", kill, back.Format("05.000"))
	}
	unload()
	s.settled()
	require.NoError(t, stop())
	s.positionsAgree()
	t.Logf("%d sessions ended", s.sessionsEnded())
}
