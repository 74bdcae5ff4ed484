package stats

import "math/big"

// line is one arm of a stratum as a metric y with a covariate x: their means, and per unit their variances and covariance.
// A ratio stands as its linear form about its means. In scaled integers or ratios of them.
type line struct {
	n          int64
	y, x       *big.Float
	yy, yx, xx *big.Float
}

// meanLine reads the totals y, x; the reason is empty where they have a variance.
func meanLine(j Joint) (line, string) {
	if j.N < 2 || len(j.S) != 2 {
		return line{}, ReasonTooFewUnits
	}
	m := j.moments()
	return line{n: j.N, y: m.means[0], x: m.means[1], yy: m.covariance(0, 0), yx: m.covariance(0, 1), xx: m.covariance(1, 1)}, ""
}

// ratioLine reads the totals numerator, denominator and, with a covariate, the same two of before.
func ratioLine(j Joint) (line, string) {
	if j.N < 2 || len(j.S) != 2 && len(j.S) != mostTotals {
		return line{}, ReasonTooFewUnits
	}
	for i := 1; i < len(j.S); i += 2 {
		if j.S[i].Sign() <= 0 {
			return line{}, ReasonNoDenominator
		}
	}
	m := j.moments()
	l := line{n: j.N, y: quo(m.means[0], m.means[1]), x: blank(), yy: m.ratioCovariance(0, 1, 0, 1), yx: blank(), xx: blank()}
	if len(j.S) == mostTotals {
		l.x = quo(m.means[2], m.means[3])
		l.yx, l.xx = m.ratioCovariance(0, 1, 2, 3), m.ratioCovariance(2, 3, 2, 3)
	}
	return l, ""
}

// adjust is the estimate of y - theta (x - centre).
func (l line) adjust(theta, centre *big.Float, decimals int) arm {
	n, square := float64(l.n), mul(theta, theta)
	v := whole(l.yy, mul(mul(theta, number(-2)), l.yx), mul(square, l.xx))
	return arm{
		n:    l.n,
		mean: unscaled(sub(l.y, mul(theta, sub(l.x, centre))), decimals), v: unscaled(v, 2*decimals) / n,
		raw: unscaled(l.y, decimals), y: unscaled(l.yy, 2*decimals) / n,
		yx: unscaled(mul(theta, l.yx), 2*decimals) / n, xx: unscaled(mul(square, l.xx), 2*decimals) / n,
	}
}

// lines are the strata of a comparison in which both arms have a line, with the sums they come from.
type lines struct {
	control, treatment         []line
	controlSums, treatmentSums []Joint
	read                       func(Joint) (line, string)
	reason                     string // why the last stratum that was left out has no line
}

func newLines(control, treatment []Joint, read func(Joint) (line, string)) lines {
	s := lines{read: read, reason: ReasonTooFewUnits}
	for i := range control {
		a, reasonA := read(control[i])
		b, reasonB := read(treatment[i])
		if reasonA != "" || reasonB != "" {
			s.reason = reasonA
			if reasonA == "" {
				s.reason = reasonB
			}
			continue
		}
		s.control, s.treatment = append(s.control, a), append(s.treatment, b)
		s.controlSums, s.treatmentSums = append(s.controlSums, control[i]), append(s.treatmentSums, treatment[i])
	}
	return s
}

// meanTheta is cov(y,x)/var(x) of both arms together, over strata the ratio of the sums of squares within them; 0 where x is constant.
func (s lines) meanTheta() *big.Float {
	product, square := blank(), blank()
	for i := range s.control {
		both := s.both(i)
		product = add(product, quo(exact(both.scatter(0, 1)), number(both.N)))
		square = add(square, quo(exact(both.scatter(1, 1)), number(both.N)))
	}
	return quoOrZero(product, square)
}

// ratioTheta is (cov of control + cov of treatment)/(var + var) of the linear forms, strata weighted by their units.
func (s lines) ratioTheta() *big.Float {
	product, square := blank(), blank()
	for i, c := range s.control {
		t, n := s.treatment[i], number(s.control[i].n+s.treatment[i].n)
		product = add(product, mul(n, add(c.yx, t.yx)))
		square = add(square, mul(n, add(c.xx, t.xx)))
	}
	return quoOrZero(product, square)
}

// adjusted gives both arms of each stratum, the covariate centred on its mean over both.
func (s lines) adjusted(theta *big.Float, decimals int) (control, treatment []arm) {
	for i, c := range s.control {
		centre := blank()
		if theta.Sign() != 0 {
			both, _ := s.read(s.both(i))
			centre = both.x
		}
		control = append(control, c.adjust(theta, centre, decimals))
		treatment = append(treatment, s.treatment[i].adjust(theta, centre, decimals))
	}
	return control, treatment
}

// both are the sums of both arms of stratum i.
func (s lines) both(i int) (both Joint) {
	both.Add(s.controlSums[i])
	both.Add(s.treatmentSums[i])
	return both
}

func quoOrZero(x, y *big.Float) *big.Float {
	if y.Sign() == 0 {
		return blank()
	}
	return quo(x, y)
}
