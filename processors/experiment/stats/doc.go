// Package stats is the statistics of experiments: pure functions over exact sums, with no state, clock, randomness or I/O.
//
// The unit of observation is the randomisation unit, never the event: a unit counts once, with its total. Totals are int64,
// the value times 10^decimals, so every sum is an integer and merging is exact in any order; floats are functions of the sums alone.
// Each product that feeds a float sum is written float64(a*b), which forbids a fused multiply-add: results are equal bit for bit
// on one GOARCH. Throughout, n is the number of units, m the mean, s2 the variance of one unit; C is control, T treatment.
//
// # Sums
//
//	Int128, Int192            two's complement integers for sums, and for sums of squares or products
//	Sums.Include              n+1, S+v, SS+v^2
//	Sums.Exclude              n-1, S-v, SS-v^2
//	Sums.Replace              a unit moves from a to b: S+b-a, SS+b^2-a^2
//	Sums.Add, Sums.Neg        merging and retracting whole sums
//	Sums.SumText              S/10^d as an exact decimal of d digits
//	Sums.Mean                 S/(n 10^d), rounded once
//	Sums.Variance             (n SS - S^2)/(n (n-1) 10^2d), rounded once; the textbook variance with divisor n-1
//	Sums.Sample, Sums.Count   the inputs of the comparisons below
//	Count.Mean                m = X/n
//	Count.Variance            m(1-m), the variance of a 0/1 variable
//
// Written form of Sums, the same in state and on the wire: 48 bytes, big endian: n (8), S (16), SS (24).
//
// # Comparisons at a fixed horizon
//
//	Proportions   z = (mT-mC)/sqrt(m(1-m)(1/nC+1/nT)), m = (XC+XT)/(nC+nT); p = erfc(|z|/sqrt 2): the pooled z test;
//	              SE^2 = V = mC(1-mC)/nC + mT(1-mT)/nT: the Wald interval
//	Welch         V = s2C/nC + s2T/nT, t = (mT-mC)/sqrt V, df = V^2/[(s2C/nC)^2/(nC-1) + (s2T/nT)^2/(nT-1)]:
//	              Welch 1947, Satterthwaite 1946
//	both          Difference = mT-mC, Interval = Difference -+ q sqrt V, q the two-sided quantile at alpha (normal, or t with df);
//	              Relative = (mT-mC)/|mC|, RelativeInterval = Relative -+ q sqrt VL,
//	              VL = [s2T/nT + (mT/mC)^2 s2C/nC]/mC^2: the delta method, the control mean being an estimate too
//
// Not available, NaN with a Reason: all but Difference where an arm has n < 2; p where its variance is 0; SE, intervals and
// Relative where V is 0; Relative and its interval where mC is 0; the relative interval where VL is 0.
//
// # Split
//
//	ChiSquare     sum (o-e)^2/e over arms with weight, df = arms-1; p = Q(df/2, chi2/2): Pearson 1900
//
// Tails and quantiles are those of package distribution.
package stats
