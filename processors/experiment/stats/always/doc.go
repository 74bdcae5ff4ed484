// Package always is inference that stays valid however often one looks: pure functions over the sums of matured units, each unit
// entering once. Units that still change, or that are counted twice, void every guarantee here.
//
// # Log e-values
//
// A log e-value measures the evidence against "no effect": under it, the largest e of a whole run is at least 1/alpha with
// probability at most alpha. So p = 1/(largest e so far), at most 1, and an interval at level 1-alpha is all effects whose e is below
// 1/alpha now. Evidence keeps the largest and when it crossed; it is all the state there is, and never reset.
//
//	Sequence       means, counts per unit, ratios, adjusted or not: the asymptotic confidence sequence of
//	               Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (arXiv 2103.06476), of a stats.Comparison.
//	               With V = SE^2, n the units of both arms, r = n rho^2, rho^2 = [-2 ln .05 + ln(1 - 2 ln .05)]/N*:
//	               ln e = (D^2/V) r/(2(1+r)) - ln(1+r)/2, half width^2 = V (1+1/r) [ln(1+r) + 2 ln(1/alpha)].
//	               Below 1000 units Student's form of both, see studentLogE.
//	one-sided      ln e = ln 2 + u + ln Phi(sqrt(2u)) - ln(1+r)/2, u = (z^2) r/(2(1+r)) signed as z;
//	               bound = D -+ sqrt{2V (1+1/r) ln[1 + sqrt(1+r)/(2 alpha)]} (eq. 134)
//	LiftLogE       conversions, 0/1 per unit: given a conversion, its arm is treatment's with probability
//	               q(1+L)/(1+qL), q the share of its weight. Multinomial e-process of Lindon and Malek (arXiv 2011.03567) with a Beta
//	               prior of concentration 100 centred on q, exact and robust to rates that change. Never for counts: the events of
//	               a unit share its arm. LiftLogEBelow and LiftLogEAbove are one-sided, for a harm beyond a margin.
//
// # Epochs
//
// A change of weights opens an allocation epoch. A Sequence takes the stratified comparison; log e-values of conversions add up over
// epochs, each with its own q.
//
// # Absent figures
//
// Functions return a reason, which is empty where the figure is available; the figure is 0 otherwise. No figure is NaN or infinite.
package always
