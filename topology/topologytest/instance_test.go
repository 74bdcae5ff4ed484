package topologytest_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/topologytest"
)

// A second instance takes half of the tasks, dies with what it has not committed, and comes back on
// the disk that it had, behind what the first has written meanwhile.
func TestTasksMoveBetweenInstances(t *testing.T) {
	d := topologytest.New(t, letters(t), topologytest.Config{Tasks: 4})
	pipe(d, "ann=a", "bob=b", "cid=c", "dan=d")
	d.Run()
	d.Start(1)
	pipe(d, "ann=e", "bob=f", "cid=g", "dan=h")
	d.Run()
	pipe(d, "ann=i", "bob=j", "cid=k", "dan=l")
	for d.Step() {
	}
	d.Kill(1)
	d.Run()
	want := map[string]string{"ann": "aei", "bob": "bfj", "cid": "cgk", "dan": "dhl"}
	require.Equal(t, want, last(d, "tallies"))
	pipe(d, "ann=m")
	d.Run()
	d.Start(1)
	pipe(d, "ann=n", "bob=o")
	d.Run()
	want["ann"], want["bob"] = "aeimn", "bfjo"
	require.Equal(t, want, last(d, "tallies"))
	require.Equal(t, want, last(d, "app-tallies-changelog"))
	require.Equal(t, "aeimn", string(d.Rows("tallies")["ann"]))
	require.Len(t, d.Records("tallies"), 15)
}

// An instance that is stopped commits first; one that moves a task does so for its whole worker.
func TestAPoliteMoveLosesNothing(t *testing.T) {
	d := topologytest.New(t, letters(t), topologytest.Config{Tasks: 4, Instances: 2})
	pipe(d, "ann=a", "bob=b", "cid=c", "dan=d")
	for d.Step() {
	}
	d.Stop(1)
	d.Start(2)
	d.Stop(0)
	d.Run()
	require.Equal(t, map[string]string{"ann": "a", "bob": "b", "cid": "c", "dan": "d"}, last(d, "tallies"))
	require.Len(t, d.Records("tallies"), 4)
}

// A worker that does not learn how its commit ended goes on as the broker says.
func TestALostAnswerCountsOnce(t *testing.T) {
	for _, committed := range []bool{true, false} {
		d := topologytest.New(t, letters(t), topologytest.Config{Tasks: 3, Workers: 2})
		pipe(d, "ann=a", "bob=b", "cid=c")
		d.Run()
		before := d.Records("app-tallies-changelog")
		pipe(d, "ann=d", "bob=e", "cid=f")
		for d.Step() {
		}
		d.LoseAnswer(committed)
		d.Commit()
		if !committed {
			require.Equal(t, before, d.Records("app-tallies-changelog"), "of the first stage alone something is committed")
		}
		d.LoseAnswer(committed)
		d.Run()
		require.Equal(t, map[string]string{"ann": "ad", "bob": "be", "cid": "cf"}, last(d, "tallies"), "committed %v", committed)
		require.Len(t, d.Records("tallies"), 6)
	}
}

// Whatever instances do, each record counts once.
func TestAnyScheduleOfInstancesCountsOnce(t *testing.T) {
	topo := letters(t)
	rapid.Check(t, func(t *rapid.T) {
		d := topologytest.New(nil, topo, topologytest.Config{Tasks: rapid.IntRange(1, 4).Draw(t, "tasks"), Instances: 2, Workers: rapid.IntRange(1, 2).Draw(t, "workers")})
		want, all := map[string]string{}, []string{"ann", "bob", "cid", "dan"}
		runs := []bool{true, true, false} // the third one has never run
		for n := range rapid.IntRange(1, 30).Draw(t, "events") {
			switch at := rapid.IntRange(0, 2).Draw(t, "instance"); rapid.IntRange(0, 8).Draw(t, "event") {
			case 0:
				d.Run()
			case 1:
				d.Step()
			case 2:
				d.CrashAt(topologytest.Step(rapid.IntRange(int(topologytest.AfterFlush), int(topologytest.AfterBatch)).Draw(t, "step")))
			case 3:
				d.LoseAnswer(rapid.Bool().Draw(t, "committed"))
			case 4:
				if !runs[at] {
					d.Start(at)
					runs[at] = true
				}
			case 5, 6:
				if runs[at] && count(runs) > 1 {
					end := d.Kill
					if rapid.Bool().Draw(t, "polite") {
						end = d.Stop
					}
					end(at)
					runs[at] = false
				}
			default:
				key, letter := rapid.SampledFrom(all).Draw(t, "key"), string(rune('a'+n%26))
				want[key] += letter
				pipe(d, key+"="+letter)
			}
		}
		d.Run()
		require.Equal(t, want, last(d, "tallies"))
		require.Equal(t, want, last(d, "app-tallies-changelog"))
	})
}

func count(runs []bool) (n int) {
	for _, is := range runs {
		if is {
			n++
		}
	}
	return n
}

func TestInstancesAreThere(t *testing.T) {
	d := topologytest.New(nil, letters(t), topologytest.Config{Instances: 2})
	require.PanicsWithValue(t, "there is no instance 3, only 0 to 1", func() { d.Start(3) })
	require.PanicsWithValue(t, "instance 1 runs already", func() { d.Start(1) })
	d.Kill(0)
	require.PanicsWithValue(t, "instance 1 is the last one that runs: use Restart", func() { d.Kill(1) })
	d.Start(0)
	d.Stop(1)
	require.PanicsWithValue(t, "instance 1 does not run", func() { d.Kill(1) })
}
