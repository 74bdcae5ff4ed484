// Package distribution is tails, quantiles and integrals of distributions with the accuracy that statistics need: tails keep relative
// accuracy (1e-12 where p does not underflow), which p-values far below 1e-16 need; quantiles are exact to a relative 1e-12.
//
// Normal, chi-square and Student's t with few degrees of freedom are gonum's. From 20 degrees of freedom on the t tail is a series
// of our own, see studentSeries, since an incomplete beta in floats loses digits as df grows.
//
//	NormalP, NormalQuantile      two-sided p of z, and the z > 0 of a two-sided p
//	NormalUpper                  one-sided: the share above z
//	StudentP, StudentQuantile    the same of t with df degrees of freedom
//	ChiSquareP                   the share above chi2
//	DirichletMultinomial         log e-value of counts against weights
package distribution
