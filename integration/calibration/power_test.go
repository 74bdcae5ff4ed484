package calibration

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/stats/power"
)

// watcher finds an effect at a look, or does not; at the last look it may be one of a fixed horizon.
type watcher struct {
	name string
	sees func(control, treatment stats.Count, last bool) bool
}

func fixedHorizon(control, treatment stats.Count, last bool) bool {
	return last && stats.Proportions(control, treatment, 0.05).P <= 0.05
}

func eProcess(control, treatment stats.Count, _ bool) bool {
	logE, _ := always.LiftLogE([]always.Epoch{{ControlWeight: 1, TreatmentWeight: 1, Control: control.X, Treatment: treatment.X}}, 0)
	return logE >= -math.Log(0.05)
}

func sequenceOf(planned int64) func(control, treatment stats.Count, _ bool) bool {
	s := always.Sequence{PlannedUnits: planned}
	return func(control, treatment stats.Count, _ bool) bool {
		logE, reason := s.LogE(stats.Proportions(control, treatment, 0.05))
		return reason == "" && logE >= -math.Log(0.05)
	}
}

// found runs an effect on a rate and tells how often each watcher sees it, and after how many units on average.
func found(all []watcher, base, lift float64, size size) (rates []rate, units []float64) {
	hits, at := make([]atomic.Int64, len(all)), make([]atomic.Int64, len(all))
	parallel(size.runs, func(run int) {
		dice := rand.New(rand.NewPCG(uint64(run), 77))
		control, treatment := stats.Count{}, stats.Count{}
		seen := make([]bool, len(all))
		for i := range size.looks {
			treated := binomial(dice, int64(size.perLook), 0.5).X
			a, b := binomial(dice, int64(size.perLook)-treated, base), binomial(dice, treated, base*(1+lift))
			control, treatment = stats.Count{N: control.N + a.N, X: control.X + a.X}, stats.Count{N: treatment.N + b.N, X: treatment.X + b.X}
			for w := range all {
				if !seen[w] && all[w].sees(control, treatment, i == size.looks-1) {
					seen[w] = true
					hits[w].Add(1)
					at[w].Add(control.N + treatment.N)
				}
			}
		}
	})
	for w := range all {
		rates = append(rates, rate{"", all[w].name, 0, int(hits[w].Load()), size.runs})
		units = append(units, float64(at[w].Load())/float64(max(hits[w].Load(), 1)))
	}
	return rates, units
}

// What looking all the time costs, beside one look at the end of the same run.
func TestPower(t *testing.T) {
	size := sizeOf(size{runs: 60, looks: 500, perLook: 400}, size{runs: 1000, looks: 2000, perLook: 100})
	all := []watcher{
		{"one look at the end", fixedHorizon},
		{"conversions: e-process", eProcess},
		{"sequence planned for 10,000", sequenceOf(10_000)},
		{"sequence planned for 50,000", sequenceOf(50_000)},
		{"sequence planned for 200,000", sequenceOf(200_000)},
	}
	rates, units := found(all, 0.05, 0.05, size)
	for i, r := range rates {
		rates[i].where = "5 % to 5.25 %, 200,000 units"
		t.Logf("%-30s found in %.3f of runs, after %.0f units on average", r.what, r.share(), units[i])
		if i > 0 && r.share() > rates[0].share() {
			t.Errorf("%s finds more than the one look at the end: %.3f > %.3f", r.what, r.share(), rates[0].share())
		}
	}
	t.Logf("%s", table("Power", rates))
}

// As many units as planned give the power that was asked for: for what is watched that is the most it takes.
func TestPlansKeepTheirPromise(t *testing.T) {
	runs := sizeOf(size{runs: 60}, size{runs: 2000}).runs
	for _, c := range []struct {
		base, lift  float64
		alwaysValid bool
	}{{0.05, 0.2, false}, {0.05, 0.2, true}, {0.3, 0.05, true}, {0.5, 0.05, true}} {
		plan, err := power.Plan{AlwaysValid: c.alwaysValid}.Rates(c.base, c.lift)
		if err != nil {
			t.Fatal(err)
		}
		one := watcher{"one look at the end", fixedHorizon}
		if c.alwaysValid {
			one = watcher{"e-process", eProcess}
		}
		const looks = 200
		rates, units := found([]watcher{one}, c.base, c.lift, size{runs, looks, int(plan.Both())/looks + 2})
		r := rate{"", "", 0.8, rates[0].hits, runs}
		t.Logf("%s, %.0f %% %+.0f %%: %d units planned, power %.3f, found after %.0f on average", one.name, 100*c.base, 100*c.lift, plan.Both(), r.share(), units[0])
		if r.share() < r.level-r.slack() {
			t.Errorf("%s, %.0f %%: power %.3f, planned 0.8", one.name, 100*c.base, r.share())
		}
	}
}
