package calibration

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	registered "github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/split"
)

// closed is an experiment as the engine sees it at the closes of its panes of maturity: two treatments, two primary metrics, and two
// guardrails that share a budget.
const closed = `
experiment: closed
variants: {A: 1, B: 1, C: 1}
control: A
metrics:
  - {name: bought, kind: conversion, event: b, primary: true}
  - {name: clicks, kind: count, event: c, primary: true}
  - {name: errors, kind: conversion, event: e, goal: decrease, guardrail: true, on_harm: stop, margin: 0.01}
  - {name: revenue, kind: mean, event: r, guardrail: true, on_harm: alert, margin: 0.01}
`

// Rates of a unit in the control, and the budget of all guardrails.
const (
	buyRate    = 0.05
	errorRate  = 0.03
	harmBudget = 0.01
)

// harm is what both treatments do: errors are (1+more) times as many, and so many purchases are lost.
type harm struct{ more, lost float64 }

// tolerated is as much harm as the margins put up with: where a guardrail must be silent, it is the hardest.
var tolerated = harm{more: 0.01, lost: 0.01}

// closes is one run.
type closes struct {
	entry  registered.Entry
	forced float64 // share of the units that somebody puts into B, beside those that are drawn
	sums   registered.Delta
	watch  cells.Watch
}

func newCloses(t *testing.T, units int) *closes {
	d, err := registered.Parse([]byte(closed))
	require.NoError(t, err)
	d.Decision.PlannedUnits = int64(units) / 4
	d.Defaults()
	require.NoError(t, d.Validate())
	c := &closes{entry: registered.Entry{Experiment: d.Experiment, Run: 1, State: registered.Running,
		Versions: []registered.Version{{Version: 1, Definition: *d}}}}
	for v := range d.Variants {
		c.sums.Cells = append(c.sums.Cells, registered.CellDelta{Variant: v, Epoch: 1,
			Live: make([]stats.Sums, len(d.Metrics)), Matured: make([]stats.Sums, len(d.Metrics)), NonZero: make([]int64, len(d.Metrics)), Drawn: make([]int64, len(d.Metrics))})
	}
	return c
}

// mature has one more unit mature, in an arm by chance or by force.
func (c *closes) mature(h harm, dice *rand.Rand) {
	arm, forced := dice.IntN(len(c.sums.Cells)), int64(0)
	if c.forced > 0 && dice.Float64() < c.forced {
		arm, forced = 1, 1
	}
	if arm == 0 {
		h = harm{}
	}
	cell, u := &c.sums.Cells[arm], draw(dice, buyRate, 0)
	cell.Units++
	cell.FirstSeen += 1 - forced
	totals := [4]int64{0, u.clicks, 0, u.revenue}
	if u.converted {
		totals[0] = 1
	}
	if dice.Float64() < errorRate*(1+h.more)*u.activity {
		totals[2] = 1
	}
	if dice.Float64() < h.lost {
		totals[3] = 0
	}
	for m, total := range totals {
		cell.Matured[m].Include(total)
		if total != 0 {
			cell.NonZero[m]++
			if c.entry.Versions[0].Definition.Metrics[m].Kind == "conversion" {
				cell.Drawn[m] += 1 - forced
			}
		}
	}
}

// run closes so many panes of so many units, and gives the decisions and the last total.
func (c *closes) run(h harm, size size, dice *rand.Rand) (made []*decision.Record, last *result.Record) {
	end := int64(0)
	for range size.looks {
		for range size.perLook {
			c.mature(h, dice)
		}
		end += 1000
		made = append(made, c.watch.Close(&c.entry, &c.sums, end)...)
	}
	return made, cells.Total(cells.TotalInput{Entry: &c.entry, Sums: &c.sums, Watch: &c.watch, AsOf: end, Closed: true})
}

// tallied counts runs by what happened in them.
type tallied struct {
	mu   sync.Mutex
	hits map[string]int
}

func (h *tallied) count(what string, happened bool) {
	if happened {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.hits[what]++
	}
}

// What may happen in a run.
const (
	anyDecision = "guardrails at closes: a stop or an alert, of two metrics and two treatments"
	splitStop   = "split at closes: a stop"
	runningP    = "running p: of conversions, one treatment"
	adjustedP   = "running p, by Holm: of two metrics, two treatments"
)

// The engine's own watch, close by close: no more than the budget of experiments without harm beyond the margins are ever stopped or
// alerted of, and p, which is that of the strongest evidence at any close and never rises, is small in no more than alpha of them.
func TestCloses(t *testing.T) {
	closesHold(t, "False positives at closes", 0, 31415, sizeOf(size{runs: 24, looks: 300, perLook: 50}, size{runs: 1000, looks: 2000, perLook: 100}))
}

// So do they where somebody puts one unit in five into an arm, which no split check sees.
func TestClosesOfForcedUnits(t *testing.T) {
	closesHold(t, "False positives at closes, one unit in five forced into B", 0.2, 16180,
		sizeOf(size{runs: 12, looks: 200, perLook: 50}, size{runs: 500, looks: 1000, perLook: 100}))
}

func closesHold(t *testing.T, title string, forced float64, seed uint64, size size) {
	found := tallied{hits: map[string]int{}}
	parallel(size.runs, func(run int) {
		c := newCloses(t, size.looks*size.perLook)
		c.forced = forced
		made, last := c.run(tolerated, size, rand.New(rand.NewPCG(uint64(run), seed)))
		harmed, broken := false, false
		for _, d := range made {
			harmed, broken = harmed || d.Metric != decision.Split, broken || d.Metric == decision.Split
		}
		found.count(anyDecision, harmed)
		found.count(splitStop, broken)
		found.count(runningP, atMost(last.Metrics["bought"].Comparisons["B"].PAlways, 0.05))
		adjusted := false
		for _, metric := range []string{"bought", "clicks"} {
			for _, c := range last.Metrics[metric].Comparisons {
				adjusted = adjusted || atMost(c.PAdjusted, 0.05)
			}
		}
		found.count(adjustedP, adjusted)
	})
	var rates []rate
	for _, r := range []rate{{"margin, 1/3 each", anyDecision, harmBudget, 0, 0}, {"the same", splitStop, split.Alpha, 0, 0},
		{"the same", runningP, 0.05, 0, 0}, {"the same", adjustedP, 0.05, 0, 0}} {
		r.hits, r.runs = found.hits[r.what], size.runs
		rates = append(rates, r)
		if r.beyond() {
			t.Errorf("%s: %.4f of %d runs, more than chance makes of %.3g", r.what, r.share(), r.runs, r.level)
		}
	}
	t.Logf("%s", table(title, rates))
}

// atMost says whether a p that is there is at most a level.
func atMost(p result.Number, level float64) bool {
	x, ok := p.Float()
	return ok && x <= level
}

// Harm that matters is stopped, and each decision is made once.
func TestClosesFindHarm(t *testing.T) {
	size := sizeOf(size{runs: 8, looks: 300, perLook: 100}, size{runs: 200, looks: 1000, perLook: 100})
	found := tallied{hits: map[string]int{}}
	units := int64(0)
	parallel(size.runs, func(run int) {
		made, _ := newCloses(t, size.looks*size.perLook).run(harm{more: 1}, size, rand.New(rand.NewPCG(uint64(run), 27182)))
		ids := map[string]bool{}
		for _, d := range made {
			found.count("twice", ids[d.ID])
			ids[d.ID] = true
		}
		found.count("stopped", ids[decision.ID("closed", 1, "errors", "B")] && ids[decision.ID("closed", 1, "errors", "C")])
		if len(made) > 0 {
			found.mu.Lock()
			units += made[0].Pane / 1000 * int64(size.perLook)
			found.mu.Unlock()
		}
	})
	require.Zero(t, found.hits["twice"])
	t.Logf("twice the errors: both treatments are found in %d of %d runs within %d units, the first after %d on average",
		found.hits["stopped"], size.runs, size.looks*size.perLook, units/int64(size.runs))
	require.GreaterOrEqual(t, found.hits["stopped"], size.runs*9/10)
}
