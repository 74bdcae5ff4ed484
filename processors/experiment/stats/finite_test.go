package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever the sums, no figure is infinite, and one is missing only where there is a reason.
func TestComparisonsAreFiniteOrSayWhy(t *testing.T) {
	total := rapid.OneOf(rapid.Int64Range(-2, 2), rapid.Int64Range(-1<<53, 1<<53), rapid.Just(int64(1<<53)))
	joint := func(r *rapid.T, totals int, label string) (j Joint) {
		unit := rapid.SliceOfN(total, totals, totals)
		for _, u := range rapid.SliceOfN(unit, 0, 6).Draw(r, label) {
			j.Include(u...)
		}
		return j
	}
	rapid.Check(t, func(r *rapid.T) {
		strata := rapid.IntRange(1, 3).Draw(r, "strata")
		decimals := [2]int{rapid.IntRange(0, 9).Draw(r, "decimals"), rapid.IntRange(0, 9).Draw(r, "decimals")}
		var two, four [2][]Joint
		var samples [2][]Sample
		for range strata {
			for arm := range 2 {
				j := joint(r, 2, "pair")
				two[arm] = append(two[arm], j)
				four[arm] = append(four[arm], joint(r, 4, "four"))
				samples[arm] = append(samples[arm], j.Sums(0).Sample(decimals[0]))
			}
		}
		for _, c := range []Comparison{
			Welch(samples[0][0], samples[1][0], 0.05),
			StratifiedWelch(samples[0], samples[1], 0.05),
			Ratio(two[0], two[1], decimals, 0.05),
			Adjusted(two[0], two[1], decimals, 0.05),
			AdjustedRatio(four[0], four[1], decimals, 0.05),
		} {
			always := []float64{c.Difference, c.Relative, c.SE, c.RelativeSE, c.Statistic, c.P, c.Interval[0], c.Interval[1], c.RelativeInterval[0], c.RelativeInterval[1]}
			for i, f := range append(always, c.DF, c.SEPooled, c.Theta) {
				require.False(t, math.IsInf(f, 0), "%s: figure %d is infinite: %+v", c.Method, i, c)
				if c.Reason == "" && i < len(always) {
					require.False(t, math.IsNaN(f), "%s: figure %d is missing without a reason: %+v", c.Method, i, c)
				}
			}
		}
		for _, f := range []func(a, b []Sample, alpha float64) ([2]float64, string){Fieller, LogRatio} {
			interval, reason := f(samples[0], samples[1], 0.05)
			for _, end := range interval {
				require.False(t, math.IsNaN(end) || math.IsInf(end, 0), "%v %s", interval, reason)
			}
		}
	})
}
