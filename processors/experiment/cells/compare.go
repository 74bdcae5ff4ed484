package cells

import (
	"math"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

const defaultAlpha = 0.05

// compare is treatment against control: fixed-horizon figures of live sums, and of matured ones those that are valid at any time.
func (t *tally) compare(m, control, treatment int) result.Comparison {
	alpha := t.def.Decision.Alpha
	if alpha == 0 {
		alpha = defaultAlpha
	}
	c := t.fixed(m, control, treatment, alpha, ofLive)
	if !t.independent {
		return descriptive(c)
	}
	out := inferential(c)
	if t.def.Metrics[m].Covariate != nil {
		out.Theta, out.VarianceReduction = result.Num(c.Theta), result.Num(t.reduction(c, m, control, treatment))
	}
	w := t.watched[m][treatment]
	w.write(&out)
	out.Verdict, out.Reason = t.judge(m, w, c.Reason)
	return out
}

// track is which sums figures are made of.
type track int

const (
	ofLive track = iota
	ofMatured
)

// sums are those of a metric in a cell.
func (t *tally) sums(c *experiment.CellDelta, m int, of track) stats.Sums {
	if of == ofMatured {
		return t.matured(c, m)
	}
	return t.live(c, m)
}

// fixed is treatment against control at a fixed horizon: plain with one epoch, within each epoch with several.
func (t *tally) fixed(m, control, treatment int, alpha float64, of track) stats.Comparison {
	if joined(&t.def.Metrics[m]) {
		return t.fixedJoint(m, control, treatment, alpha, of)
	}
	if t.def.Metrics[m].Kind == kindConversion {
		return t.fixedCounts(m, control, treatment, alpha, of)
	}
	return t.fixedSamples(m, control, treatment, alpha, of)
}

func (t *tally) fixedCounts(m, control, treatment int, alpha float64, of track) stats.Comparison {
	var a, b []stats.Count
	for i := range t.epochs {
		cells := t.epochs[i].cells
		x, y := t.sums(&cells[control], m, of).Count(), t.sums(&cells[treatment], m, of).Count()
		if x.N != 0 || y.N != 0 {
			a, b = append(a, x), append(b, y)
		}
	}
	switch len(a) {
	case 0:
		return stats.Proportions(stats.Count{}, stats.Count{}, alpha)
	case 1:
		return stats.Proportions(a[0], b[0], alpha)
	}
	return stats.StratifiedProportions(a, b, alpha)
}

func (t *tally) fixedSamples(m, control, treatment int, alpha float64, of track) stats.Comparison {
	var a, b []stats.Sample
	digits := decimals(&t.def.Metrics[m])
	for i := range t.epochs {
		cells := t.epochs[i].cells
		x, y := t.sums(&cells[control], m, of).Sample(digits), t.sums(&cells[treatment], m, of).Sample(digits)
		if (x.N != 0 || y.N != 0) && !t.left(i, m, control, treatment, of) {
			a, b = append(a, x), append(b, y)
		}
	}
	switch len(a) {
	case 0:
		return stats.Welch(stats.Sample{}, stats.Sample{}, alpha)
	case 1:
		return stats.Welch(a[0], b[0], alpha)
	}
	return stats.StratifiedWelch(a, b, alpha)
}

// judge is the verdict on a treatment and its reason; word is why a fixed-horizon figure is missing, empty where none is.
func (t *tally) judge(m int, w *watched, word string) (string, string) {
	metric := &t.def.Metrics[m]
	facts := verdict.Comparison{
		Split: t.splitVerdict, Corrected: t.corrected(m), P: w.adjusted, Alone: w.p, Alpha: t.decision().Alpha,
		Effect: w.matured.Relative, Interval: w.relative, Decides: w.interval,
		Until: w.excluded, Higher: w.higher, Decrease: metric.Goal == goalDecrease, Secondary: !t.primary(m), Missing: w.missing, Words: w.words,
	}
	if w.method == methodMultinomial {
		facts.Decides = w.relative
		if facts.Effect < w.relative[0] || facts.Effect > w.relative[1] {
			facts.Effect = math.NaN() // it is of all units, the interval of those that were drawn
		}
	}
	if word != "" && !slices.Contains(facts.Words, word) {
		facts.Words = append([]string{word}, facts.Words...)
	}
	return facts.Judge()
}

const goalDecrease = "decrease"

// corrected says whether so many totals of a metric's units have changed after they had matured that none is to be relied on: 1 % of
// the units that have.
func (t *tally) corrected(m int) bool {
	units := int64(0)
	for i := range t.epochs {
		for v := range t.def.Variants {
			units += t.matured(&t.epochs[i].cells[v], m).N
		}
	}
	return t.corrections*100 > units
}

// write adds the always-valid figures.
func (w *watched) write(out *result.Comparison) {
	out.MethodAlways, out.IntervalAlwaysMethod = w.method, methodSequence
	out.PAlways, out.PAdjusted, out.CrossedAt = result.Num(w.p), result.Num(w.adjusted), w.crossed
	out.IntervalAlways = result.Between(w.interval[0], w.interval[1])
	out.RelativeIntervalAlways = result.Between(w.relative[0], w.relative[1])
}

// inferential is a comparison with its fixed-horizon figures.
func inferential(c stats.Comparison) result.Comparison {
	out := result.Comparison{
		Method: c.Method, Difference: result.Num(c.Difference), Relative: result.Num(c.Relative), SE: result.Num(c.SE),
		Statistic: result.Num(c.Statistic), P: result.Num(c.P),
		Interval:         result.Between(c.Interval[0], c.Interval[1]),
		RelativeInterval: result.Between(c.RelativeInterval[0], c.RelativeInterval[1]),
	}
	if strings.HasPrefix(c.Method, stats.MethodPooledZ) {
		out.SEPooled = result.Num(c.SEPooled)
	}
	if c.Method == stats.MethodWelch || c.Method == stats.MethodWelch+stats.MethodAdjusted {
		out.DF = result.Num(c.DF)
	}
	return out
}

// descriptive is a comparison of events that are not independent: differences, and nothing that needs a variance.
func descriptive(c stats.Comparison) result.Comparison {
	none := result.Interval{result.Null, result.Null}
	return result.Comparison{
		Method: c.Method, Difference: result.Num(c.Difference), Relative: result.Num(c.Relative), SE: result.Null,
		Statistic: result.Null, P: result.Null, Interval: none, RelativeInterval: none,
		PAlways: result.Null, PAdjusted: result.Null, IntervalAlways: none, Reason: ReasonNotIndependent,
	}
}
