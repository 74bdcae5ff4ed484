package calibration

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/quantile"
)

// experiment draws one small experiment and says whether the interval covers the truth.
type experiment struct {
	where, what string
	covers      func(dice *rand.Rand) bool
}

const level = 0.95

var experiments = []experiment{
	{"rates of 10 %, 2,000 an arm", "Wald", wald},
	{"rates of 5 % and 10 %, 40 an arm", "Newcombe", newcombe},
	{"rate of 5 %, 40 units", "Wilson", wilson},
	{"normal means, 8 and 12 units, sd 1 and 3", "Welch", welch},
	{"revenue, 10,000 an arm, +10 %", "Welch, absolute", revenueBy(func(c stats.Comparison, _, _ []stats.Sample) [2]float64 {
		return plus(c.Interval, -0.1*meanRevenue)
	})},
	{"revenue, 10,000 an arm, +10 %", "relative by the delta method", revenueBy(func(c stats.Comparison, _, _ []stats.Sample) [2]float64 {
		return plus(c.RelativeInterval, -0.1)
	})},
	{"revenue, 10,000 an arm, +10 %", "relative by Fieller", revenueBy(func(_ stats.Comparison, a, b []stats.Sample) [2]float64 {
		interval, _ := stats.Fieller(a, b, 1-level)
		return plus(interval, -0.1)
	})},
	{"revenue, 10,000 an arm, +10 %", "relative by the log-ratio", revenueBy(func(_ stats.Comparison, a, b []stats.Sample) [2]float64 {
		interval, _ := stats.LogRatio(a, b, 1-level)
		return plus(interval, -0.1)
	})},
	{"clicks per visit, 2,000 an arm", "ratio by the delta method", ratio},
	{"revenue by past revenue, 10,000 an arm", "CUPED", adjusted},
	{"90th percentile of lognormal units, 2,000 an arm", "quantile difference", quantiles},
	{"median of 20 alike events of 500 units", "quantile by 32 buckets", clustered},
}

// Intervals at a fixed horizon cover as they say; those of skewed money and of buckets to within two points.
func TestCoverage(t *testing.T) {
	runs := sizeOf(size{runs: 100}, size{runs: 4000}).runs
	var rates []rate
	for i, e := range experiments {
		var covered atomic.Int64
		parallel(runs, func(run int) {
			if e.covers(rand.New(rand.NewPCG(uint64(run), uint64(1000+i)))) {
				covered.Add(1)
			}
		})
		r := rate{e.where, e.what, level, int(covered.Load()), runs}
		rates = append(rates, r)
		if r.share() < level-r.slack()-0.02 {
			t.Errorf("%s, %s: covers in %.3f of runs, less than %.3g", r.where, r.what, r.share(), level)
		}
	}
	t.Logf("%s", table("Coverage at a fixed horizon", rates))
}

func covers(interval [2]float64, truth float64) bool {
	return interval[0] <= truth && truth <= interval[1]
}

func plus(interval [2]float64, shift float64) [2]float64 {
	return [2]float64{interval[0] + shift, interval[1] + shift}
}

func binomial(dice *rand.Rand, n int64, p float64) stats.Count {
	c := stats.Count{N: n}
	for range n {
		if dice.Float64() < p {
			c.X++
		}
	}
	return c
}

func wald(dice *rand.Rand) bool {
	return covers(stats.Proportions(binomial(dice, 2000, 0.1), binomial(dice, 2000, 0.1), 1-level).Interval, 0)
}

func newcombe(dice *rand.Rand) bool {
	interval, _ := stats.Newcombe(binomial(dice, 40, 0.05), binomial(dice, 40, 0.1), 1-level)
	return covers(interval, 0.05)
}

func wilson(dice *rand.Rand) bool {
	interval, _ := stats.Wilson(binomial(dice, 40, 0.05), 1-level)
	return covers(interval, 0.05)
}

func welch(dice *rand.Rand) bool {
	sample := func(n int, sd float64) stats.Sample {
		var s stats.Sums
		for range n {
			s.Include(int64(math.Round(1e6 * sd * dice.NormFloat64())))
		}
		return s.Sample(6)
	}
	return covers(stats.Welch(sample(8, 1), sample(12, 3), 1-level).Interval, 0)
}

// population is n units with an effect.
func population(dice *rand.Rand, n int, lift float64) (a arm) {
	for range n {
		a.include(draw(dice, 0.05, lift))
	}
	return a
}

// revenueBy draws two arms, treatment with 10 % more; read gives the interval less the truth.
func revenueBy(read func(c stats.Comparison, control, treatment []stats.Sample) [2]float64) func(*rand.Rand) bool {
	return func(dice *rand.Rand) bool {
		a, b := population(dice, 10_000, 0), population(dice, 10_000, 0.1)
		control, treatment := a.revenue.Sample(0), b.revenue.Sample(0)
		c := stats.Welch(control, treatment, 1-level)
		return covers(read(c, []stats.Sample{control}, []stats.Sample{treatment}), 0)
	}
}

func ratio(dice *rand.Rand) bool {
	a, b := population(dice, 2000, 0), population(dice, 2000, 0)
	return covers(stats.Ratio([]stats.Joint{a.visits}, []stats.Joint{b.visits}, [2]int{}, 1-level).Interval, 0)
}

func adjusted(dice *rand.Rand) bool {
	a, b := population(dice, 10_000, 0), population(dice, 10_000, 0.1)
	c := stats.Adjusted([]stats.Joint{a.spend}, []stats.Joint{b.spend}, [2]int{}, 1-level)
	return covers(c.Interval, 0.1*meanRevenue)
}

func quantiles(dice *rand.Rand) bool {
	arm := func() (s quantile.Sketch) {
		for range 2000 {
			s.Add(int64(1e6*math.Exp(dice.NormFloat64())), 1)
		}
		return s
	}
	c := quantile.Compare(quantile.Of(arm(), 0.9, 1-level, 6), quantile.Of(arm(), 0.9, 1-level, 6), 1-level)
	return covers(c.Interval, 0)
}

func clustered(dice *rand.Rand) bool {
	buckets := make([]quantile.Sketch, 32)
	for u := range 500 {
		own := dice.NormFloat64()
		for range 20 {
			buckets[u%32].Add(int64(1e6*math.Exp(own+0.5*dice.NormFloat64())), 1)
		}
	}
	return covers(quantile.Clustered(buckets, 0.5, 1-level, 6).Interval, 1)
}
