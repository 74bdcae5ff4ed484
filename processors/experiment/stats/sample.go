package stats

// Sample describes the unit totals of one variant: N units, their mean and their sample variance (divisor N-1), both unscaled.
type Sample struct {
	N              int64
	Mean, Variance float64
}

// arm gives the sample as an estimate of a mean.
func (s Sample) arm() arm {
	return newArm(s.N, s.Mean, s.Variance/float64(s.N))
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
	return newArm(c.N, float64(c.X)/float64(c.N), c.spread()/float64(c.N))
}

// Sample is the count as a sample of zeros and ones, with the variance m(1-m); both are 0 where they are not available.
func (c Count) Sample() Sample {
	mean, _ := c.Mean()
	variance, _ := c.Variance()
	return Sample{N: c.N, Mean: mean, Variance: variance}
}
