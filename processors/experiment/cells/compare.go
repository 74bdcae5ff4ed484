package cells

import (
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// VerdictCollecting is the verdict of a comparison that does not decide yet.
const VerdictCollecting = "collecting"

const defaultAlpha = 0.05

// compare is treatment against control by live sums: plain with one epoch, within each epoch with several.
func (t *tally) compare(m, control, treatment int) result.Comparison {
	alpha := t.def.Decision.Alpha
	if alpha == 0 {
		alpha = defaultAlpha
	}
	var c stats.Comparison
	if t.def.Metrics[m].Kind == kindConversion {
		c = t.compareCounts(m, control, treatment, alpha)
	} else {
		c = t.compareSamples(m, control, treatment, alpha)
	}
	if !t.independent {
		return descriptive(c)
	}
	return inferential(c)
}

func (t *tally) compareCounts(m, control, treatment int, alpha float64) stats.Comparison {
	var a, b []stats.Count
	for i := range t.epochs {
		cells := t.epochs[i].cells
		x, y := t.live(&cells[control], m).Count(), t.live(&cells[treatment], m).Count()
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

func (t *tally) compareSamples(m, control, treatment int, alpha float64) stats.Comparison {
	var a, b []stats.Sample
	digits := decimals(&t.def.Metrics[m])
	for i := range t.epochs {
		cells := t.epochs[i].cells
		x, y := t.live(&cells[control], m).Sample(digits), t.live(&cells[treatment], m).Sample(digits)
		if x.N != 0 || y.N != 0 {
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

// inferential is a comparison with its fixed-horizon figures; the always-valid ones are not available.
func inferential(c stats.Comparison) result.Comparison {
	out := result.Comparison{
		Method: c.Method, Difference: result.Num(c.Difference), Relative: result.Num(c.Relative), SE: result.Num(c.SE),
		Statistic: result.Num(c.Statistic), P: result.Num(c.P),
		Interval:         result.Between(c.Interval[0], c.Interval[1]),
		RelativeInterval: result.Between(c.RelativeInterval[0], c.RelativeInterval[1]),
		PAlways:          result.Null, PAdjusted: result.Null, IntervalAlways: result.Interval{result.Null, result.Null},
		Verdict: VerdictCollecting, Reason: ReasonAlwaysValid,
	}
	if strings.HasPrefix(c.Method, stats.MethodPooledZ) {
		out.SEPooled = result.Num(c.SEPooled)
	}
	if c.Method == stats.MethodWelch {
		out.DF = result.Num(c.DF)
	}
	if c.Reason != "" {
		out.Reason = c.Reason + "; " + ReasonAlwaysValid
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
