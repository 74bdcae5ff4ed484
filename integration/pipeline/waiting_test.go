package pipeline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/topology/worker"
)

// Events that name an experiment which nobody knows wait for it, through a restart. It appears, and
// they count; another one never does, and each of its ids is one dead letter.
func TestEventsOfAnUnknownExperimentWaitForIt(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p, dir, ts := k.pipeline(t, setup{}), t.TempDir(), minutesAgo(6)
		p.register(button)
		x := p.start(worker.Config{StateDir: dir})
		buyers := []string{"a", "b", "c", "d", "e", "f"}
		for _, unit := range buyers {
			p.send(
				exposure("known-"+unit, unit, "button", "control", ts),
				exposure("early-"+unit, unit, "wording", "long", ts+100),
				exposure("never-"+unit, unit, "nobody", "control", ts+200),
				exposure("never-"+unit, unit, "nobody", "control", ts+200),
			)
		}
		p.send(tagged("t1", "A", "1.5", ts+300), tagged("t2", "B", "2.5", ts+300))
		p.settle()
		require.EqualValues(t, 6*3+2, x.counter("waiting"))
		require.Empty(t, p.read(p.deadLetters()))
		require.NotContains(t, p.last(p.stats()), "wording|total")
		require.NoError(t, x.stop())

		x = p.start(worker.Config{StateDir: dir})
		p.register(wording, ranker)
		eventually(t, "every task has adopted them", func() bool { return p.adopted("wording") == 4 && p.adopted("ranker") == 4 })
		for _, unit := range buyers {
			p.send(purchase("buys-"+unit, unit, "2.5", ts+1500))
		}
		p.finish(x)

		long := p.total("wording").Metrics["purchase"].Variants["long"]
		require.EqualValues(t, 6, *long.N)
		require.Equal(t, "6", long.Sum)
		require.Equal(t, map[string]int64{"A": 1, "B": 1}, p.total("ranker").Units)
		letters := p.read(p.deadLetters())
		require.Len(t, letters, 6)
		for _, r := range letters {
			require.Equal(t, "unknown_experiment", header(r, "abacus.reason"))
			require.True(t, strings.HasPrefix(header(r, "abacus.source"), p.events()+"/"))
			require.Contains(t, string(r.Value), `"experiment":"nobody"`)
		}
	})
}

// adopted is how many tasks of stage 1 know an experiment.
func (p *pipeline) adopted(experiment string) int {
	p.t.Helper()
	tasks := map[int32]bool{}
	for _, r := range p.read(p.changelog(units.Store)) {
		if a, ok, err := units.ParseAdoption(r.Key, r.Value); ok && err == nil && a.Experiment == experiment {
			tasks[r.Partition] = true
		}
	}
	return len(tasks)
}
