package broker

import (
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

// A process that comes back after others took over gets the tasks again whose state it has: it
// replays what they have logged meanwhile, and no more.
func TestRestartedInstanceGetsItsTasksBack(t *testing.T) {
	s := newScene(t)
	stays, leaves := s.instance(), s.instance()
	unload := s.load(300)
	stays.works(3)
	require.Eventually(t, func() bool { return len(leaves.tasks(0)) == partitions && len(stays.tasks(0)) == partitions }, time.Minute, time.Millisecond)
	s.words(20_000, 97)
	had := leaves.tasks(0)
	s.watch.allAfter(s.ends())
	leaves.works(int(leaves.commits.Load()) + 50) // its tasks are far beyond those that it had for a moment
	for _, how := range []string{"stopped", "killed"} {
		if how == "stopped" {
			leaves.stop()
		} else {
			leaves.process.Kill()
		}
		s.watch.allAfter(s.ends())
		logged := len(leaves.log())
		back := time.Now()
		leaves.start()
		require.Eventually(t, func() bool { return len(leaves.tasks(logged)) == partitions }, time.Minute, time.Millisecond)
		t.Logf("%s, started again after others took over: at work with its tasks %v after that, %d of %d changelog records replayed",
			how, time.Since(back), leaves.replayed(logged), s.changelogs())
		require.ElementsMatch(t, had, leaves.tasks(logged))
	}
	unload()
	s.settled()
}

var (
	taskMoves = regexp.MustCompile(`task (runs|let go).*"task": "(\d+_\d+)"`)
	restored  = regexp.MustCompile(`restored.*"records": (\d+)`)
)

// tasks are those that the process holds, by its log from a place on.
func (i *instance) tasks(from int) (ids []string) {
	for _, m := range taskMoves.FindAllStringSubmatch(i.log()[from:], -1) {
		if m[1] == "runs" {
			ids = append(ids, m[2])
		} else {
			ids = slices.DeleteFunc(ids, func(id string) bool { return id == m[2] })
		}
	}
	return ids
}

// replayed are the records that it restored its tasks from.
func (i *instance) replayed(from int) (records int) {
	for _, m := range restored.FindAllStringSubmatch(i.log()[from:], -1) {
		n, _ := strconv.Atoi(m[1])
		records += n
	}
	return records
}

// changelogs is the length of all changelogs of the app.
func (s *scene) changelogs() (records int64) {
	s.t.Helper()
	topo, err := counting(s.app)
	require.NoError(s.t, err)
	for _, sub := range topo.Subs {
		for _, store := range sub.Stores {
			ends, err := s.admin.ListEndOffsets(s.t.Context(), sub.Changelog(store))
			require.NoError(s.t, err)
			for _, o := range ends[sub.Changelog(store)] {
				records += o.Offset
			}
		}
	}
	return records
}
