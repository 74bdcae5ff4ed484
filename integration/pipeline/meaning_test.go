package pipeline

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

// patient gives a definition a grace in which any order of the input is in time.
func patient(definition string) string {
	return strings.Replace(strings.Replace(definition, "grace: 8s\n", "", 1), "\nmetrics:", "\ngrace: 10m\nmetrics:", 1)
}

// story is what units do: they cross over, convert before their exposure arrives, take back, are
// exposed earlier than first known.
func story(ts int64) []input {
	const second = 1000
	return []input{
		exposure("1", "crosses", "button", "control", ts),
		purchase("2", "crosses", "100", ts+second),
		exposure("3", "crosses", "button", "treatment", ts+2*second),

		purchase("1", "arrives-late", "1.25", ts+5*second),
		exposure("2", "arrives-late", "button", "treatment", ts+4*second),

		exposure("1", "takes-back", "button", "treatment", ts+second),
		purchase("2", "takes-back", "7", ts+2*second),
		purchase("3", "takes-back", "2.50", ts+3*second),
		retraction("4", "takes-back", "2", ts+4*second),

		exposure("1", "earlier", "button", "control", ts+9*second),
		purchase("2", "earlier", "4", ts+8*second),
		purchase("3", "earlier", "8", ts+2*second),
		exposure("4", "earlier", "button", "control", ts+7*second),

		retraction("1", "before-target", "2", ts+6*second),
		purchase("2", "before-target", "16", ts+6*second),
		exposure("3", "before-target", "button", "control", ts+5*second),

		purchase("1", "never-exposed", "32", ts+3*second),
	}
}

// The story told once, and told twice: each event counts once, as the rules say.
func TestUnitsCountAsTheRulesSayHoweverOftenTheyAreFed(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		for name, times := range map[string]int{"once": 1, "twice": 2} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := k.pipeline(t, setup{})
				p.register(patient(button))
				x := p.start(worker.Config{Workers: 2})
				for range times {
					p.send(story(minutesAgo(20))...)
					p.settle()
				}
				p.finish(x)
				total := p.total("button")
				require.Equal(t, map[string]int64{"control": 2, "treatment": 2}, total.Units)
				require.EqualValues(t, 1, *total.Excluded, "a unit in two variants leaves both")
				require.EqualValues(t, 1, total.Dropped["before_exposure"])
				revenue := total.Metrics["revenue"].Variants
				require.Equal(t, "4.00", revenue["control"].Sum, "the earlier exposure takes the event in")
				require.Equal(t, "3.75", revenue["treatment"].Sum, "what was taken back is gone")
				require.Empty(t, p.read(p.deadLetters()))
				if times == 2 {
					require.EqualValues(t, len(story(0)), x.counter("duplicates"))
				}
			})
		}
	})
}

// Any order of the input within grace gives the same last records, byte for byte.
func TestShuffledInputGivesTheSameLastValues(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		ts := minutesAgo(20)
		events := append(newTraffic(5, 60, ts, 60).next(2500), story(ts)...)
		var runs [3]map[string][]byte
		t.Run("runs", func(t *testing.T) {
			for i, name := range []string{"in order", "shuffled", "shuffled again"} {
				order := append([]input(nil), events...)
				if i > 0 {
					rand.New(rand.NewPCG(uint64(i), 2)).Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					p := k.pipeline(t, setup{})
					p.register(patient(button), patient(wording), ranker)
					x := p.start(worker.Config{Workers: 2})
					p.send(order...)
					p.finish(x)
					runs[i] = p.last(p.stats())
				})
			}
		})
		require.Greater(t, len(runs[0]), 100)
		for _, run := range runs[1:] {
			require.Len(t, run, len(runs[0]))
			for key, value := range runs[0] {
				require.Equal(t, string(value), string(run[key]), key)
			}
		}
	})
}
