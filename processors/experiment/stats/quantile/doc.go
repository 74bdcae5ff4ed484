// Package quantile keeps quantiles of integer totals in bins that merge in any order and give units back: a DDSketch (Masson, Rim and
// Lee, arXiv 1908.10693) of fixed range that never collapses bins. Pure functions over counts.
//
// # Bins
//
// A value v > 0, in scaled integers, is in bin i with g^(i-1) < v <= g^i, g = 1.01/0.99, so that the middle 2 g^i/(1+g) is within 1 % of
// it. The edges are integers computed once with exact arithmetic: the same bins on every machine. 1838 bins reach 2^53, the largest
// total there is; as many hold the negative ones, and one the zeros. Integers that have a bin to themselves are exact.
//
// # Quantiles and intervals
//
//	Sketch.Quantile   the value of rank floor(q (n-1)), within 1 %
//	Of                the interval of a quantile at ranks q n -+ z sqrt(n q(1-q)), widened by the 1 % of the bins
//	Clustered         the same from events that share units, by unit-hash buckets: the variance of the share of values up to the quantile
//	                  comes from the buckets, with t at buckets - 1 degrees of freedom (Deng, Knoblich and Lu 2018)
//	Compare           treatment - control with s2 = n ((upper - lower)/2z)^2 of each, normal
//
// All of it holds at a fixed horizon, one look: a quantile never has a verdict. Intervals need independent units, or buckets of them.
package quantile
