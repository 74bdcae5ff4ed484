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
//	Joint                     the same for one to four totals of a unit, with the sums of all their products
//	Cap.Of                    a unit total winsorised at a constant: min(total, cap)
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
//	Ratio         R = Sm/Sd, s2 = [s2m - 2R cov(m,d) + R^2 s2d]/md^2 of a unit: the delta method; normal
//	Adjusted      y - theta (x - mx), theta = cov(y,x)/var(x) over both arms: CUPED, Deng et al. 2013; relative to the unadjusted mean
//	AdjustedRatio the same of a ratio and its covariate ratio, by their linear forms
//	Stratified*   D = sum w D_e, V = sum w^2 V_e over strata such as allocation epochs, w = N_e/N; Ratio and Adjusted take strata too.
//	              Never pooled: a change of weights together with a change of the mean looks like an effect (Simpson's paradox)
//
// Other intervals, by choice: Fieller and LogRatio of the relative effect, Newcombe of a difference of rates and Wilson of a rate.
// They return the interval and a reason, which is empty where the interval is available.
//
// Comparison.Beyond is mT - (1 + b) mC with its standard error, for one-sided tests of a harm beyond a margin.
//
// Not available, NaN with a Reason: all but Difference where an arm has n < 2; p where its variance is 0; SE, intervals and
// Relative where V is 0; Relative and its interval where mC is 0; the relative interval where VL is 0.
// Ratio and Adjusted leave out strata where an arm has n < 2 or no denominator, and have no figure where none is left.
//
// # Split
//
//	ChiSquare     sum (o-e)^2/e over arms with weight, df = arms-1; p = Q(df/2, chi2/2): Pearson 1900
//
// # Rooms
//
//	stats/distribution   tails, quantiles, the log e-value of counts
//	stats/always         inference that stays valid however often one looks
//	stats/split          the sequential split check
//	stats/quantile       mergeable, decrementable quantile sketches and their intervals
//	stats/family         p-values adjusted over a family of tests
//	stats/power          units and days that a test needs
package stats
