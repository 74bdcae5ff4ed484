package stats

// arm is one side of a comparison: the estimate of a mean from n units and the variance v of that estimate.
// An adjusted mean is raw - theta x, of variance v = y - 2 yx + xx with y = Var(raw), yx = theta Cov(raw, x), xx = theta^2 Var(x);
// a plain one is raw itself.
type arm struct {
	n              int64
	mean, v        float64
	raw, y, yx, xx float64
	short          float64 // by how much v would be greater if its units varied as those of the other arm do, where they vary more
}

// newArm is the estimate of a plain mean.
func newArm(n int64, mean, v float64) arm {
	return arm{n: n, mean: mean, v: v, raw: mean, y: v}
}

// include adds the estimate of one stratum with its weight.
func (a *arm) include(stratum arm, w float64) {
	square := float64(w * w)
	a.n += stratum.n
	a.mean += float64(w * stratum.mean)
	a.v += float64(square * stratum.v)
	a.raw += float64(w * stratum.raw)
	a.y += float64(square * stratum.y)
	a.yx += float64(square * stratum.yx)
	a.xx += float64(square * stratum.xx)
}

// relativeVariance is the variance of (treatment - control) / control by the delta method. What the means are relative to is the raw
// mean of control, and the covariates of both arms have one expectation.
func relativeVariance(control, treatment arm) float64 {
	ratio := treatment.raw / control.raw
	own := float64(float64(ratio*ratio)*control.y) - float64(2*ratio*control.yx) + control.xx
	return (treatment.v + own) / float64(control.raw*control.raw)
}

// stratify combines arms over strata by the weights N_e/N and counts the strata that have the units for it.
func stratify(control, treatment []arm) (a, b arm, strata int) {
	total := strataUnits(len(control), func(i int) (int64, int64) { return control[i].n, treatment[i].n })
	for i := range control {
		if w := strataWeight(control[i].n, treatment[i].n, total); w > 0 {
			a.include(control[i], w)
			b.include(treatment[i], w)
			a.short += float64(float64(w*w) * shortfall(control[i], treatment[i]))
			b.short += float64(float64(w*w) * shortfall(treatment[i], control[i]))
			strata++
		}
	}
	return a, b, strata
}

// shortfall is by how much the variance of an arm's mean would be greater if its units varied as those of the other do, at least 0.
func shortfall(of, other arm) float64 {
	return max(other.v*float64(other.n)/float64(of.n)-of.v, 0)
}

// arms gives each element as an estimate.
func arms[T interface{ arm() arm }](strata []T) []arm {
	out := make([]arm, len(strata))
	for i, s := range strata {
		out[i] = s.arm()
	}
	return out
}
