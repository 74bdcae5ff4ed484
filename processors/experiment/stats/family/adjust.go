package family

import (
	"cmp"
	"slices"
)

// Holm holds the chance of any false discovery at alpha, whatever the dependence (Holm 1979): with p rising,
// the largest so far of (m-i) p_i, i from 0, at most 1. Of always-valid p it is valid at any time.
func Holm(p []float64) []float64 {
	adjusted, largest := make([]float64, len(p)), 0.0
	for rank, i := range rising(p) {
		largest = max(largest, min(float64(len(p)-rank)*known(p[i]), 1))
		adjusted[i] = largest
	}
	return adjusted
}

// BenjaminiHochberg holds the expected share of false discoveries at alpha where the tests are independent (Benjamini and Hochberg
// 1995): with p rising, the least from i on of m p_i/(i+1), i from 0. Of always-valid p it is to be labelled "FDR under independence".
func BenjaminiHochberg(p []float64) []float64 {
	adjusted, least := make([]float64, len(p)), 1.0
	order := rising(p)
	for rank := len(order) - 1; rank >= 0; rank-- {
		i := order[rank]
		least = min(least, float64(len(p))*known(p[i])/float64(rank+1))
		adjusted[i] = max(least, known(p[i])) // m p/m may round below p
	}
	return adjusted
}

// rising is the order of p from the least; equals keep theirs.
func rising(p []float64) []int {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(known(p[a]), known(p[b])) })
	return order
}

// known is p, or 1 where it is none.
func known(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return 1
	}
	return p
}
