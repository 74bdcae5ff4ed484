package operators

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
	"github.com/abacus-stream/abacus/topology/worker"
)

func TestWindowsOnWorkers(t *testing.T) {
	services.OnEach(t, func(t *testing.T, k services.Brokers) { newScene(t, k, "windows").play() })
}

func TestJoinsOnWorkers(t *testing.T) {
	services.OnEach(t, func(t *testing.T, k services.Brokers) { newScene(t, k, "joins").play() })
}

// play runs the app in two processes: a second one joins, the first is killed at a step of a commit,
// the second wherever it is; then the first leaves, and comes back without its state. What is in the
// topics at the end is what topologytest makes of the same input.
func (s *scene) play() {
	s.t.Helper()
	seed := rand.Uint64()
	s.t.Logf("seed %d", seed)
	in := newInput(seed, s.app)
	want := s.expected(in)
	require.Len(s.t, in.phases, phaseCount+1)
	step := worker.Flushed + worker.Step(in.rng.IntN(int(worker.Applied)))

	s.send(in.phases[0])
	first := s.start()
	s.settled()
	second := s.start()
	second.works()
	s.send(in.phases[1])
	s.settled()

	first.dieAt(step)
	s.send(in.phases[2])
	first.died()
	first.start()
	s.settled()
	s.send(in.phases[3])
	second.process.Kill()
	second.start()
	s.settled()
	first.stop()
	require.NoError(s.t, os.RemoveAll(first.state()))
	s.send(in.phases[4])
	first.start()
	s.settled()
	s.send(in.phases[5])
	s.settled()
	s.send(in.phases[6])
	s.eventually("the outputs are those of topologytest", func() bool { return s.reader.differing(want) == "" || s.t.Failed() })
	first.stop()
	second.stop()
	s.reader.check(s.t, want)
	for _, i := range []*instance{first, second} {
		require.NotContains(s.t, i.log(), "state is rebuilt")
	}
}
