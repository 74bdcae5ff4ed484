package quantile

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// MethodQuantile is the method of Compare.
const MethodQuantile = "quantile"

// Reasons beside those of package stats.
const (
	ReasonSameBin     = "same_bin"     // the interval is within one bin: too fine for the sketch
	ReasonFewBuckets  = "few_buckets"  // fewer than two buckets have values
	ReasonEdgeOfRange = "edge_of_data" // the ranks of the interval lie outside the data: too few values for this quantile
)

// Estimate is a quantile with its interval at level 1-alpha, in real units. A figure that is not available is 0;
// Reason then says why, and is empty where all are.
type Estimate struct {
	N        int64
	Value    float64
	SE       float64 // of Value, from the width of the interval before it was widened
	Error    float64 // of the bins: how far Value may be off
	Interval [2]float64
	Reason   string
}

// Of is quantile q in (0, 1) of values that are independent, one per unit.
func Of(s Sketch, q, alpha float64, decimals int) Estimate {
	z := distribution.NormalQuantile(alpha)
	n := s.N()
	return s.estimate(q, z, math.Sqrt(float64(q*(1-q))/float64(max(n, 1))), decimals)
}

// Clustered is quantile q of events of which a unit may have several: element i of buckets holds the values of the units whose hash
// falls into bucket i, 32 of them by choice. With I the values up to the quantile and n all values of a bucket, of B buckets with values,
// the variance of the share F = sum I/sum n is B/(B-1) sum (I - F n)^2/(sum n)^2.
func Clustered(buckets []Sketch, q, alpha float64, decimals int) Estimate {
	var all Sketch
	filled := 0.0
	for _, b := range buckets {
		all.Merge(b)
		if b.N() > 0 {
			filled++
		}
	}
	if filled < 2 {
		return Estimate{N: all.N(), Reason: ReasonFewBuckets}
	}
	if all.negative() || !inside(q) {
		return Estimate{N: all.N(), Reason: stats.ReasonTooFewUnits}
	}
	n := float64(all.N())
	middle := all.binAt(int64(q * (n - 1)))
	share, squares := float64(all.upTo(middle))/n, 0.0
	for _, b := range buckets {
		gap := float64(b.upTo(middle)) - float64(share*float64(b.N()))
		squares += float64(gap * gap)
	}
	sd := math.Sqrt(filled/(filled-1)*squares) / n
	return all.estimate(q, distribution.StudentQuantile(alpha, filled-1), sd, decimals)
}

// Compare is treatment - control at level 1-alpha, method "quantile", from estimates at the same level. The errors of the bins widen
// both intervals and come off the difference that is tested, so that P agrees with Interval. Relative as Welch has it.
func Compare(control, treatment Estimate, alpha float64) stats.Comparison {
	missing := math.NaN()
	c := stats.Comparison{
		Method: MethodQuantile, N: control.N + treatment.N, Difference: missing, Relative: missing, SE: missing, RelativeSE: missing,
		SEPooled: missing, Statistic: missing, DF: missing, P: missing, Theta: missing,
		Interval: [2]float64{missing, missing}, RelativeInterval: [2]float64{missing, missing},
		Reason: control.Reason,
	}
	if c.Reason == "" {
		c.Reason = treatment.Reason
	}
	if c.Reason != "" {
		return c
	}
	z := distribution.NormalQuantile(alpha)
	c.Difference = treatment.Value - control.Value
	c.SE = math.Hypot(control.SE, treatment.SE)
	c.Interval = widened(c.Difference, z*c.SE+control.Error+treatment.Error)
	c.Statistic = beyond(c.Difference, control.Error+treatment.Error) / c.SE
	c.P = distribution.NormalP(c.Statistic)
	if control.Value == 0 {
		c.Reason = stats.ReasonControlMeanZero
		return c
	}
	size := math.Abs(control.Value)
	ratio := treatment.Value / control.Value
	c.Relative = c.Difference / size
	c.RelativeSE = math.Hypot(treatment.SE, float64(ratio*control.SE)) / size
	c.RelativeInterval = widened(c.Relative, z*c.RelativeSE+(treatment.Error+float64(math.Abs(ratio)*control.Error))/size)
	return c
}

// estimate reads the quantile, and its ends at the shares q -+ critical*sd.
func (s Sketch) estimate(q, critical, sd float64, decimals int) Estimate {
	n := s.N()
	e := Estimate{N: n}
	if n < 2 || s.negative() || !inside(q) {
		e.Reason = stats.ReasonTooFewUnits
		return e
	}
	middle := s.binAt(int64(q * float64(n-1)))
	e.Value, e.Error = scale(valueOf(middle), decimals), scale(errorOf(middle), decimals)
	half := float64(critical * sd)
	low, high := (q-half)*float64(n), (q+half)*float64(n)
	if low < 0 || high > float64(n) {
		e.Reason = ReasonEdgeOfRange
		return e
	}
	lower, upper := s.binAt(int64(low)), s.binAt(int64(high))
	if lower == upper {
		e.Reason = ReasonSameBin
		return e
	}
	e.SE = scale((valueOf(upper)-valueOf(lower))/float64(2*critical), decimals)
	e.Interval = [2]float64{
		scale(valueOf(lower)-errorOf(lower), decimals),
		scale(valueOf(upper)+errorOf(upper), decimals),
	}
	return e
}

func inside(q float64) bool { return q > 0 && q < 1 }

// errorOf is how far the values of a bin may be from valueOf.
func errorOf(index int32) float64 {
	value := math.Abs(valueOf(index))
	if bin := max(index, -index); bin == 0 || value == float64(edges()[bin-1]) {
		return 0
	}
	return float64(accuracy/(1-accuracy)) * value
}

func scale(v float64, decimals int) float64 { return v / math.Pow10(decimals) }

// beyond is x moved towards 0 by what it may be off.
func beyond(x, off float64) float64 {
	return math.Copysign(max(math.Abs(x)-off, 0), x)
}

func widened(estimate, half float64) [2]float64 {
	half = float64(half)
	return [2]float64{estimate - half, estimate + half}
}
