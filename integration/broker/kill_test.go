package broker

import (
	"math/rand/v2"
	"testing"

	"github.com/abacus-stream/abacus/topology/worker"
)

// Two processes under load, ten times one of them dies by SIGKILL and comes back at once: five times
// wherever it is, five times at a chosen step of a commit. Each record counts once.
func TestKilledProcessesCountOnce(t *testing.T) {
	s := newScene(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	instances := []*instance{s.instance(), s.instance()}
	unload := s.load(2000)
	for round := range 10 {
		victim := instances[rng.IntN(2)]
		victim.works(1 + rng.IntN(15))
		if round%2 == 0 {
			victim.process.Kill()
		} else {
			victim.dieAt(worker.Flushed + worker.Step(round/2))
		}
		victim.start()
	}
	for _, i := range instances {
		i.works(1)
	}
	unload()
	s.settled()
	for _, i := range instances {
		i.stop()
	}
	s.positionsAgree()
	quiet(t, instances...)
}
