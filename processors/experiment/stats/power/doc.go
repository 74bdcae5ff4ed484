// Package power plans experiments: how many units a test needs to find an effect, and how long they take to come. Pure functions.
//
// With share s of treatment among the N units of both arms, D the effect in the unit of the metric, z_a the two-sided critical value
// at alpha and z_b that of the power:
//
//	Rates   N = {z_a sqrt[m(1-m)/(s(1-s))] + z_b sqrt[mC(1-mC)/(1-s) + mT(1-mT)/s]}^2 / D^2, m = (1-s) mC + s mT: the pooled z test
//	        (Fleiss 1981, without correction for continuity)
//	Means   N = (z_a + z_b)^2 sd^2/(s(1-s)) / D^2, one sd in both arms
//
// Always valid, z_a of Means is the critical value of always.Sequence tuned to N, 3.035 at alpha 0.05. Rates are decided by
// always.LiftLogE, which sees c = N m conversions and their arms, with a prior of k = 100 conversions:
//
//	Rates   D sqrt[N s(1-s)/m] = z_e + z_b, z_e^2 = (1 + k/c) [ln(1 + c/k) + 2 ln(1/alpha)]
//
// from the normal approximation of its Beta-binomial; the variance m(1-m) of the fixed test is m here, so that high rates cost more:
// 1/(1-m) times the units, beside those of looking. Both count a discovery at the last look alone, so they are the most units that
// a sequential test needs: it mostly ends sooner.
package power
