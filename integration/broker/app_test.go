package broker

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
	"github.com/abacus-stream/abacus/topology/worker"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		child()
		return
	}
	services.Main(m)
}

func TestCountsThroughTwoHops(t *testing.T) {
	s := newScene(t)
	s.words(1000, 37)
	stop := s.start(worker.Config{Workers: 2, Memory: true})
	s.settled()
	s.words(500, 37)
	s.settled()
	require.NoError(t, stop())
	require.Zero(t, s.sessionsEnded())
	s.positionsAgree()
}

func TestRestartGoesOnFromLocalState(t *testing.T) {
	s := newScene(t)
	dir := t.TempDir()
	s.words(1000, 37)
	stop := s.start(worker.Config{Workers: 1, StateDir: dir})
	s.settled()
	require.NoError(t, stop())
	s.words(500, 37)
	s.start(worker.Config{Workers: 1, StateDir: dir})
	s.settled()
	require.Zero(t, s.sessionsEnded())
}
