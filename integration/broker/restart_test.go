package broker

import (
	"testing"
	"time"

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
		up := time.Now()
		t.Logf("broker killed: %v; all tasks at work %v after it answers again", kill, s.watch.allAfter(s.ends()).Sub(up))
	}
	unload()
	s.settled()
	require.NoError(t, stop())
	s.positionsAgree()
	t.Logf("%d sessions ended", s.sessionsEnded())
}
