package quantile

import (
	"math/big"
	"math/bits"
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
	v = min(v, mostValue)
	i := hints()[hintOf(v)]
	for all[i] < v {
		i++
	}
	return i + 1
}

// A hint is where to look for the bin of a value, by the place of its highest bit and the five bits below: two or three steps off.
const hintBits = 5

func hintOf(v int64) int {
	length := bits.Len64(uint64(v))
	return length<<hintBits | int(uint64(v)<<(64-length)<<1>>(64-hintBits))
}

// hints are indices of edges: of the first that is not below the least value of a hint.
var hints = sync.OnceValue(func() *[64 << hintBits]int32 {
	all, out := edges(), new([64 << hintBits]int32)
	for at := range out {
		length, below := at>>hintBits, uint64(at)&(1<<hintBits-1)
		if length == 0 {
			continue
		}
		least := int64((1<<hintBits | below) << (64 - 1 - hintBits) >> (64 - length))
		out[at] = int32(sort.Search(len(all)-1, func(i int) bool { return all[i] >= least }))
	}
	return out
})

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
