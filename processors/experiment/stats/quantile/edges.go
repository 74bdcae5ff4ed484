package quantile

import (
	"math/big"
	"sort"
	"sync"
)

// accuracy is how far, relatively, a bin's middle is from its values.
const accuracy = 0.01

// mostValue is the largest scaled total.
const mostValue = 1 << 53

// edges are the upper ends of the bins of positive values, floor(g^i).
var edges = sync.OnceValue(func() []int64 {
	const bits = 256
	growth := new(big.Float).SetPrec(bits).Quo(big.NewFloat(101).SetPrec(bits), big.NewFloat(99).SetPrec(bits))
	power := big.NewFloat(1).SetPrec(bits)
	all := []int64{1}
	for all[len(all)-1] < mostValue {
		power.Mul(power, growth)
		edge, _ := power.Int64()
		all = append(all, edge)
	}
	return all
})

// binOf is the bin of v: 0 for zero, i+1 for values up to edge i, and negative for negative values; beyond 2^53 the last.
func binOf(v int64) int32 {
	switch {
	case v == 0:
		return 0
	case v < 0:
		return -binOf(-max(v, -mostValue)) // the least integer has no negative
	}
	all := edges()
	i := sort.Search(len(all)-1, func(i int) bool { return all[i] >= v })
	return int32(i + 1)
}

// valueOf is the value that stands for bin: the integer that has it alone, or the middle.
func valueOf(bin int32) float64 {
	switch {
	case bin == 0:
		return 0
	case bin < 0:
		return -valueOf(-bin)
	}
	upper, below := edges()[bin-1], int64(0)
	if bin > 1 {
		below = edges()[bin-2]
	}
	if upper-below == 1 {
		return float64(upper)
	}
	return float64(upper) * (1 - accuracy) // 2 g^i/(1+g) = g^i (1-a)
}
