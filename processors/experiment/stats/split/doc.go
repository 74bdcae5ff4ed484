// Package split checks that units came to the arms as the weights say: pure functions over counts of first exposures by first-seen
// arm. A unit enters once, at exposure + grace, and stays, excluded or not: counts never fall. Sticky, forced and overridden
// exposures never enter, nor those too near a change of weights to know their epoch.
//
//	LogE        the sequential check: multinomial e-process (Lindon and Malek, arXiv 2011.03567) with a Dirichlet prior of
//	            concentration 1000 centred on the weights; one vector per allocation epoch, log e-values added. Its running p
//	            (always.Evidence) may be watched continuously; broken at p <= 0.001
//	ChiSquare   Pearson's test beside it, of kept units at one look: watched at every look it cries wolf 25 times too often
//	Worst       the segment whose own running p is least, at alpha/number
//	Assignment  the verdict on units seen in several arms, from their share and from LogE of the arms they came to first
//
// Arms without weight are left out, units and all. Functions return a reason, empty where the figure is available.
package split
