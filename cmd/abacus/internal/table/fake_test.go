package table

import (
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/codecs/result"
)

// fake returns the total of an experiment with a conversion and a mean, of which n units a variant have come and the
// treatments differ by these relative effects.
func fake(name string, n int64, effects ...float64) *result.Record {
	excluded := int64(12)
	rec := &result.Record{
		V: result.Version, Experiment: name, Run: 1, Grain: result.Total, AsOf: 1_790_000_060_000,
		Units: map[string]int64{"control": n}, Excluded: &excluded, Dropped: map[string]int64{"late": 1, "no_value": 2},
		Split: &result.Split{Verdict: "ok"},
	}
	conversion := result.Metric{Kind: "conversion", Variants: map[string]result.Variant{}, Comparisons: map[string]result.Comparison{}}
	revenue := result.Metric{Kind: "mean", Variants: map[string]result.Variant{}, Comparisons: map[string]result.Comparison{}}
	conversion.Variants["control"] = result.Variant{N: &n, Mean: result.Num(0.2)}
	revenue.Variants["control"] = result.Variant{N: &n, Mean: result.Num(5.2235)}
	for i, effect := range effects {
		variant := "treatment"
		if i > 0 {
			variant = fmt.Sprintf("treatment %d", i+1)
		}
		rec.Units[variant] = n
		conversion.Variants[variant] = result.Variant{N: &n, Mean: result.Num(0.2 * (1 + effect))}
		conversion.Comparisons[variant] = compared(effect, 2.83/math.Sqrt(float64(n)))
		revenue.Variants[variant] = result.Variant{N: &n, Mean: result.Num(5.2235 * (1 + effect))}
		revenue.Comparisons[variant] = compared(effect, 4.2/math.Sqrt(float64(n)))
	}
	rec.Metrics = map[string]result.Metric{"purchase": conversion, "revenue": revenue}
	return rec
}

func compared(effect, se float64) result.Comparison {
	p, verdict := math.Erfc(math.Abs(effect/se)/math.Sqrt2), "no difference yet"
	if p < 0.001 {
		verdict = map[bool]string{true: "better", false: "worse"}[effect > 0]
	}
	return result.Comparison{
		Relative: result.Num(effect), RelativeInterval: result.Between(effect-1.96*se, effect+1.96*se), P: result.Num(p),
		RelativeIntervalAlways: result.Between(effect-3*se, effect+3*se), PAlways: result.Num(min(1, 9*p)), Verdict: verdict,
		Reason: "A sentence.",
	}
}
