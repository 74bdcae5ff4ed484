package cells_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

// grown are n matured units of a variant: so many converted, each with two clicks and a revenue in cents, one in two of them a cent more.
func grown(variant int, epoch, n, converted, cents int64) experiment.CellDelta {
	c := experiment.CellDelta{
		Variant: variant, Epoch: epoch, Units: n, FirstSeen: n, Live: make([]stats.Sums, 3), Matured: make([]stats.Sums, 3),
		NonZero: []int64{converted, converted, converted}, Drawn: []int64{converted, 0, 0},
	}
	for i := range n {
		totals := [3]int64{}
		if i < converted {
			totals = [3]int64{1, 2, cents + i%2}
		}
		for m, total := range totals {
			c.Live[m].Replace(0, total)
			c.Matured[m].Include(total)
		}
	}
	return c
}

// logOdds moves ln e of no effect to that of a lift: the arms of conversions that have a share q of weight come by another share.
func logOdds(lift, q, control, treatment float64) float64 {
	share := q * (1 + lift) / (1 + q*lift)
	return treatment*math.Log(q/share) + control*math.Log((1-q)/(1-share))
}

func TestConversionsAreWatched(t *testing.T) {
	r := totalOf(entry(), grown(0, 1, 2000, 200, 10), grown(1, 1, 1980, 260, 10))
	c := r.Metrics["purchase"].Comparisons["treatment"]
	e := evidence(100, 2, []int64{1, 1}, []int64{200, 260})
	require.Equal(t, "multinomial_e_process", c.MethodAlways)
	require.InEpsilon(t, inverse(e), num(t, c.PAlways), 1e-8)

	logE, _ := e.Float64()
	logE = math.Log(logE)
	for i, end := range c.RelativeIntervalAlways {
		require.InDelta(t, math.Log(20), logE+logOdds(num(t, end), .5, 200, 260), 1e-9, "end %d", i)
	}
	require.Less(t, num(t, c.RelativeIntervalAlways[0]), .3)
	require.Greater(t, num(t, c.RelativeIntervalAlways[1]), .3)

	require.Equal(t, "asymptotic_sequence", c.IntervalAlwaysMethod)
	a, b := 200./2000, 260./1980
	isSequence(t, c, b-a, a*(1-a)/2000+b*(1-b)/1980, 3980, 10_000)
}

// isSequence requires that an interval is that of the sequence by its formula, for n >= 1000 units of both arms.
func isSequence(t *testing.T, c result.Comparison, difference, v, n, planned float64) {
	t.Helper()
	log := -2 * math.Log(.05)
	r := n * (log + math.Log(1+log)) / planned
	half := math.Sqrt(v * (1 + 1/r) * (math.Log(1+r) + log))
	require.InEpsilon(t, difference-half, num(t, c.IntervalAlways[0]), 1e-9)
	require.InEpsilon(t, difference+half, num(t, c.IntervalAlways[1]), 1e-9)
	if c.MethodAlways == "asymptotic_sequence" {
		logE := difference*difference/v*r/(2*(1+r)) - math.Log(1+r)/2
		require.InEpsilon(t, math.Min(1, math.Exp(-logE)), num(t, c.PAlways), 1e-8)
	}
}

func TestMeansAndCountsAreWatched(t *testing.T) {
	e := entry(func(d *experiment.Definition) {
		d.Decision.PlannedUnits, d.Metrics[2].Cap = 4000, new(experiment.Amount)
	})
	r := totalOf(e, grown(0, 1, 2000, 200, 1000), grown(1, 1, 1980, 260, 1000))
	arm := func(n, converted, one, two float64) (mean, v float64) { // half of the converted have each total
		sum, squares := converted/2*(one+two), converted/2*(one*one+two*two)
		return sum / n, (squares - sum*sum/n) / (n - 1) / n
	}
	a, va := arm(2000, 200, 2, 2)
	b, vb := arm(1980, 260, 2, 2)
	clicks := r.Metrics["clicks"].Comparisons["treatment"]
	require.Equal(t, "asymptotic_sequence", clicks.MethodAlways)
	isSequence(t, clicks, b-a, va+vb, 3980, 4000)

	a, va = arm(2000, 200, 10, 10.01)
	b, vb = arm(1980, 260, 10, 10.01)
	revenue := r.Metrics["revenue"].Comparisons["treatment"]
	isSequence(t, revenue, b-a, va+vb, 3980, 4000)
	relative := math.Sqrt((vb + b*b/(a*a)*va) / (a * a))
	half := num(t, revenue.RelativeIntervalAlways[1]) - b/a + 1
	require.InEpsilon(t, (num(t, revenue.IntervalAlways[1])-(b-a))/math.Sqrt(va+vb), half/relative, 1e-9, "the same z")
}

// Money needs 200 units with a value in each arm, 600 as one of several tests, all else 100: before, no p, no interval and no verdict.
func TestAsymptoticFiguresWaitForUnitsWithAResult(t *testing.T) {
	const revenue, clicks, purchase = "revenue", "clicks", "purchase"
	alone := entry(func(d *experiment.Definition) { d.Metrics[2].Primary = true })
	capped := entry(func(d *experiment.Definition) { d.Metrics[2].Cap = new(experiment.Amount) })
	for _, c := range []struct {
		entry  experiment.Entry
		metric string
		units  int64
		ready  bool
	}{
		{entry(), clicks, 99, false}, {entry(), clicks, 100, true},
		{entry(), revenue, 599, false}, {entry(), revenue, 600, true},
		{alone, revenue, 199, false}, {alone, revenue, 200, true},
		{capped, revenue, 99, false}, {capped, revenue, 100, true},
	} {
		r := totalOf(c.entry, grown(0, 1, 3000, 700, 100), grown(1, 1, 3000, c.units, 100))
		got := r.Metrics[c.metric].Comparisons["treatment"]
		_, ok := got.PAlways.Float()
		require.Equal(t, c.ready, ok, "%s of %d", c.metric, c.units)
		if !c.ready {
			null(t, got.PAdjusted, got.IntervalAlways[0], got.RelativeIntervalAlways[0])
			require.Equal(t, verdict.Collecting, got.Verdict)
			require.Contains(t, got.Reason, always.ReasonTooFewNonZero)
			num(t, got.P)
		}
	}
	r := totalOf(entry(), grown(0, 1, 3000, 30, 100), grown(1, 1, 3000, 29, 100))
	exact := r.Metrics[purchase].Comparisons["treatment"]
	require.InEpsilon(t, inverse(evidence(100, 2, []int64{1, 1}, []int64{30, 29})), num(t, exact.PAlways), 1e-8)
	num(t, exact.RelativeIntervalAlways[0])
	null(t, exact.IntervalAlways[0], exact.IntervalAlways[1])
	require.Equal(t, verdict.NoDifference, exact.Verdict)
}

func TestOnlyMaturedUnitsAreWatched(t *testing.T) {
	one, two := grown(0, 1, 2000, 200, 10), grown(1, 1, 2000, 200, 10)
	one.Live[0].Replace(0, 300)
	one.Units += 5000
	r := totalOf(entry(), one, two)
	c := r.Metrics["purchase"].Comparisons["treatment"]
	require.Less(t, num(t, c.P), 0.001)
	require.Equal(t, result.Num(1), c.PAlways)
}

// A change of weights that pooling would take for an effect: 5 % at 90/10, then 6 % at 50/50, the same in both arms.
func TestEpochsAreWatchedByThemselves(t *testing.T) {
	r := totalOf(ramped(), grown(0, 1, 9000, 450, 10), grown(1, 1, 1000, 50, 10), grown(0, 2, 5000, 300, 10), grown(1, 2, 5000, 300, 10))
	c := r.Metrics["purchase"].Comparisons["treatment"]
	require.Equal(t, result.Num(1), c.PAlways)
	require.Equal(t, verdict.NoDifference, c.Verdict)
	pooled := evidence(100, 2, []int64{1, 1}, []int64{750, 350})
	require.Less(t, inverse(pooled), 1e-9)

	r = totalOf(ramped(), grown(0, 1, 9000, 450, 10), grown(1, 1, 1000, 70, 10), grown(0, 2, 5000, 300, 10), grown(1, 2, 5000, 390, 10))
	e := evidence(100, 10, []int64{9, 1}, []int64{450, 70})
	e.Mul(e, evidence(100, 2, []int64{1, 1}, []int64{300, 390}))
	require.InEpsilon(t, inverse(e), num(t, r.Metrics["purchase"].Comparisons["treatment"].PAlways), 1e-8)
}

// An epoch with a few units in one arm weighs by those of both: it is left out of what a sequence decides until it is ready by itself.
func TestAnEpochWithATinyArmIsLeftOut(t *testing.T) {
	even := []experiment.CellDelta{grown(0, 2, 5000, 300, 10), grown(1, 2, 5000, 310, 10)}
	alone := totalOf(ramped(), even...).Metrics["clicks"].Comparisons["treatment"]
	for treated, same := range map[int64]bool{99: true, 100: false} {
		got := totalOf(ramped(), append(even, grown(0, 1, 90_000, 9000, 10), grown(1, 1, 110, treated, 10))...).Metrics["clicks"].Comparisons["treatment"]
		require.Equal(t, same, got.PAlways == alone.PAlways && got.IntervalAlways == alone.IntervalAlways, "%d clicked", treated)
		require.NotEqual(t, alone.Difference, got.Difference, "at a fixed horizon every epoch counts")
	}
}

// All that can be refuted is: a treatment that some convert in and a control that nobody does in is better, by nobody knows how much.
func TestNobodyConvertsInControl(t *testing.T) {
	r := totalOf(entry(), grown(0, 1, 10_000, 0, 10), grown(1, 1, 10_000, 2000, 10))
	c := r.Metrics["purchase"].Comparisons["treatment"]
	require.Equal(t, verdict.Better, c.Verdict)
	require.Regexp(t, `^At least \d+ % higher than control, and higher is better \(control_mean_zero.*\)\.$`, c.Reason)
	require.Greater(t, num(t, c.RelativeIntervalAlways[0]), 5.0)
	null(t, c.RelativeIntervalAlways[1])
}

// arms is an entry of three treatments whose only primary metric is the conversion.
func arms(change ...func(*experiment.Definition)) experiment.Entry {
	return entry(append([]func(*experiment.Definition){func(d *experiment.Definition) {
		d.Variants = experiment.Variants{{Name: "control", Weight: 1}, {Name: "a", Weight: 1}, {Name: "b", Weight: 1}, {Name: "c", Weight: 1}}
		d.Metrics[0].Primary = true
	}}, change...)...)
}

func TestTheFamilyIsPrimaryMetricsTimesTreatments(t *testing.T) {
	sums := []experiment.CellDelta{grown(0, 1, 4000, 400, 300), grown(1, 1, 4000, 520, 300), grown(2, 1, 4000, 494, 300), grown(3, 1, 4000, 405, 300)}
	r := totalOf(arms(), sums...)
	p := map[string]float64{}
	for name, converted := range map[string]int64{"a": 520, "b": 494, "c": 405} {
		p[name] = inverse(evidence(100, 2, []int64{1, 1}, []int64{400, converted}))
	}
	purchase := r.Metrics["purchase"]
	require.True(t, purchase.Primary)
	require.False(t, r.Metrics["revenue"].Primary)
	require.InEpsilon(t, 3*p["a"], num(t, purchase.Comparisons["a"].PAdjusted), 1e-8)
	require.InEpsilon(t, 2*p["b"], num(t, purchase.Comparisons["b"].PAdjusted), 1e-8)
	require.InEpsilon(t, p["c"], num(t, purchase.Comparisons["c"].PAdjusted), 1e-8)
	require.Equal(t, verdict.Better, purchase.Comparisons["a"].Verdict)
	require.Less(t, p["b"], .05)
	require.Greater(t, 2*p["b"], .05)
	require.Equal(t, verdict.NoDifference, purchase.Comparisons["b"].Verdict, "alone it would be better")

	r = totalOf(arms(func(d *experiment.Definition) { d.Decision.Correction = "none" }), sums...)
	require.InEpsilon(t, p["b"], num(t, r.Metrics["purchase"].Comparisons["b"].PAdjusted), 1e-8)
	require.Equal(t, verdict.Better, r.Metrics["purchase"].Comparisons["b"].Verdict)

	r = totalOf(arms(func(d *experiment.Definition) { d.Decision.Alpha = .2 }), sums...)
	require.Equal(t, verdict.Better, r.Metrics["purchase"].Comparisons["b"].Verdict)
}

func TestSeveralPrimaryMetricsAreOneFamily(t *testing.T) {
	e := entry(func(d *experiment.Definition) { d.Metrics[0].Primary, d.Metrics[1].Primary = true, true })
	r := totalOf(e, grown(0, 1, 4000, 400, 300), grown(1, 1, 4000, 520, 300))
	purchase, clicks := r.Metrics["purchase"].Comparisons["treatment"], r.Metrics["clicks"].Comparisons["treatment"]
	p, q := num(t, purchase.PAlways), num(t, clicks.PAlways)
	require.InEpsilon(t, max(p, q, 2*min(p, q)), max(num(t, purchase.PAdjusted), num(t, clicks.PAdjusted)), 1e-12)
	require.InEpsilon(t, 2*min(p, q), min(num(t, purchase.PAdjusted), num(t, clicks.PAdjusted)), 1e-12)
	require.Equal(t, verdict.Better, clicks.Verdict)
	require.Equal(t, r.Metrics["revenue"].Comparisons["treatment"].PAlways, r.Metrics["revenue"].Comparisons["treatment"].PAdjusted, "of the other family, alone")
}

// A metric without a figure yet is a test all the same: how many there are does not depend on what is seen.
func TestTheFamilyIsFixed(t *testing.T) {
	sums := []experiment.CellDelta{grown(0, 1, 4000, 190, 300), grown(1, 1, 4000, 260, 300)}
	r := totalOf(entry(), sums...)
	null(t, r.Metrics["revenue"].Comparisons["treatment"].PAlways, r.Metrics["revenue"].Comparisons["treatment"].PAdjusted)
	p := []float64{num(t, r.Metrics["purchase"].Comparisons["treatment"].PAlways), num(t, r.Metrics["clicks"].Comparisons["treatment"].PAlways)}
	require.InEpsilon(t, 3*min(p[0], p[1]), num(t, r.Metrics["clicks"].Comparisons["treatment"].PAdjusted), 1e-12)
	require.InEpsilon(t, max(3*min(p[0], p[1]), 2*max(p[0], p[1])), num(t, r.Metrics["purchase"].Comparisons["treatment"].PAdjusted), 1e-12)
	require.True(t, r.Metrics["clicks"].Primary, "none is marked, so all decide")
}

func TestVerdicts(t *testing.T) {
	much := []experiment.CellDelta{grown(0, 1, 10_000, 1000, 300), grown(1, 1, 10_000, 1300, 300)}
	primary := func(d *experiment.Definition) { d.Metrics[0].Primary = true }
	r := totalOf(entry(primary), much...)
	require.Equal(t, verdict.Better, r.Metrics["purchase"].Comparisons["treatment"].Verdict)
	require.Regexp(t, `^30 % higher than control \(\d+ % to \d+ %\), and higher is better\.$`, r.Metrics["purchase"].Comparisons["treatment"].Reason)
	require.Equal(t, verdict.Collecting, r.Metrics["clicks"].Comparisons["treatment"].Verdict)
	require.Contains(t, r.Metrics["clicks"].Comparisons["treatment"].Reason, "secondary")

	less := func(d *experiment.Definition) { d.Metrics[0].Goal, d.Metrics[2].Goal = "decrease", "decrease" }
	r = totalOf(entry(primary, less), much...)
	require.Equal(t, verdict.Worse, r.Metrics["purchase"].Comparisons["treatment"].Verdict)
	require.Equal(t, verdict.Worse, r.Metrics["revenue"].Comparisons["treatment"].Verdict, "a secondary metric may warn")

	broken := totalOf(entry(primary), much[0], much[1], experiment.CellDelta{Variant: 1, Epoch: 1, Units: 2000, FirstSeen: 2000})
	require.Equal(t, verdict.BrokenSplit, broken.Split.Verdict)
	for name, m := range broken.Metrics {
		require.Equal(t, verdict.BrokenSplit, m.Comparisons["treatment"].Verdict, name)
	}
	broken = excluding(entry(primary), 3000, much...)
	require.Equal(t, verdict.BrokenAssignment, broken.Metrics["purchase"].Comparisons["treatment"].Verdict)
}

func TestNoVerdictOfTotalsThatChangedAfterTheyMatured(t *testing.T) {
	for corrections, want := range map[int64]string{200: verdict.Better, 201: verdict.Collecting} {
		e := entry()
		sums := &experiment.Delta{Run: 1, Cells: []experiment.CellDelta{grown(0, 1, 10_000, 1000, 300), grown(1, 1, 10_000, 1300, 300)}, Corrections: corrections}
		r := cellsTotal(e, sums)
		require.Equal(t, want, r.Metrics["purchase"].Comparisons["treatment"].Verdict, "%d of 20,000", corrections)
	}
}

// What always-valid figures are made by is fixed when the run starts.
func TestALaterVersionDoesNotMoveTheWatch(t *testing.T) {
	sums := []experiment.CellDelta{grown(0, 1, 4000, 400, 300), grown(1, 1, 4000, 480, 300)}
	e := entry()
	next := entry(func(d *experiment.Definition) {
		d.Decision = experiment.Decision{Alpha: .5, PlannedUnits: 7, Correction: "none"}
	}).Versions[0]
	next.Version, next.Effective = 2, t0-1
	later := e
	later.Versions = append(later.Versions, next)
	before, after := totalOf(e, sums...), totalOf(later, sums...)
	require.EqualValues(t, 2, after.ConfigVersion)
	for name := range before.Metrics {
		a, b := before.Metrics[name].Comparisons["treatment"], after.Metrics[name].Comparisons["treatment"]
		require.Equal(t, a.PAdjusted, b.PAdjusted)
		require.Equal(t, a.IntervalAlways, b.IntervalAlways)
		require.Equal(t, a.Verdict, b.Verdict)
		require.NotEqual(t, a.Interval, b.Interval, "of the version in effect")
	}
}
