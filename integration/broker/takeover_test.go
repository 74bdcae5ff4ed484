package broker

import (
	"testing"
	"time"

	"github.com/abacus-stream/abacus/topology/worker"
)

// A process that dies and stays away is replaced by another one: after the session timeout of 10 s,
// and after that of its transaction if it died in mid-commit.
func TestAnotherInstanceTakesOver(t *testing.T) {
	for name, step := range map[string]worker.Step{"between commits": worker.Applied, "in mid-commit": worker.Produced} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			stays, dies := s.instance(), s.instance()
			unload := s.load(300)
			stays.works(3)
			dies.works(3)
			dies.dieAt(step)
			died := time.Now()
			// Every partition of the output must move again, also those of the dead one.
			t.Logf("all its tasks at work elsewhere after %v", s.watch.allAfter(s.ends()).Sub(died))
			unload()
			s.settled()
			stays.stop()
			s.positionsAgree()
			quiet(t, stays, dies)
		})
	}
}

// A process that hangs at any place of a commit, until others have taken over, and then goes on
// where it was, adds nothing: its transaction is of the past, for the broker and by its own clock.
func TestHaltedProcessAddsNothingWhenItGoesOn(t *testing.T) {
	for name, step := range map[string]worker.Step{
		"before its transaction": worker.Flushed, "its outputs written": worker.Produced, "its offsets written": worker.Offered,
		"committed, not applied": worker.Ended,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			stays, hangs := s.instance(), s.instance()
			unload := s.load(300)
			stays.works(3)
			hangs.works(3)
			resume := hangs.haltAt(step)
			time.Sleep(time.Second) // no sign comes from a process that hangs
			s.watch.allAfter(s.ends())
			before := hangs.commits.Load()
			resume()
			hangs.works(int(before) + 5)
			unload()
			s.settled()
			stays.stop()
			hangs.stop()
			s.positionsAgree()
		})
	}
}
