package stats

// Sample describes the unit totals of one variant: N units, their mean and their sample variance (divisor N-1), both unscaled.
type Sample struct {
	N              int64
	Mean, Variance float64
}

// arm gives the sample as an estimate of a mean.
func (s Sample) arm() arm {
	return arm{n: s.N, mean: s.Mean, v: s.Variance / float64(s.N)}
}

// Count is a conversion of one variant: X of N units converted, 0 <= X <= N.
type Count struct {
	N, X int64
}

// Mean is the rate m = X/N; false without units.
func (c Count) Mean() (float64, bool) {
	if c.N < 1 {
		return 0, false
	}
	return float64(c.X) / float64(c.N), true
}

// Variance is m(1-m), the variance of a 0/1 variable of rate m; false below two units.
func (c Count) Variance() (float64, bool) {
	if c.N < 2 {
		return 0, false
	}
	return c.spread(), true
}

// spread is m(1-m). 1-m is taken as (N-X)/N, which keeps its digits where m is near 1.
func (c Count) spread() float64 {
	n := float64(c.N)
	return float64(c.X) / n * (float64(c.N-c.X) / n)
}

// arm gives the count as an estimate of a mean.
func (c Count) arm() arm {
	return arm{n: c.N, mean: float64(c.X) / float64(c.N), v: c.spread() / float64(c.N)}
}

// arm is one side of a comparison: the estimate of a mean from n units and the variance v of that estimate.
type arm struct {
	n       int64
	mean, v float64
}
