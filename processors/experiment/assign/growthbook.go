package assign

import (
	"fmt"
	"strconv"
	"unicode/utf16"
)

// GrowthBook is the hashing of an SDK of GrowthBook. The zero value is version 2 over UTF-8 bytes.
type GrowthBook struct {
	Version int  // hashVersion, 1 or 2; 0: 2
	UTF16   bool // over UTF-16 code units, as the SDKs in JavaScript
}

// Validate is the fault of a version that there is not.
func (g GrowthBook) Validate() error {
	if g.Version < 0 || g.Version > 2 {
		return fmt.Errorf("assign: GrowthBook has hash versions 1 and 2, not %d: take the hashVersion of its experiment", g.Version)
	}
	return nil
}

// Share is the place of a unit in [0, 1) for a seed, in steps of 1/1000 (version 1) or 1/10000; g is valid.
func (g GrowthBook) Share(seed, unit string) float64 {
	if g.Version == 1 {
		return float64(g.fnv(unit+seed)%1000) / 1000
	}
	inner := strconv.FormatUint(uint64(g.fnv(seed+unit)), 10)
	return float64(g.fnv(inner)%10_000) / 10_000
}

// Draws says whether a namespace's part [from, to) has a unit; namespaces hash by version 1, whatever that of the experiment.
func (g GrowthBook) Draws(namespace string, from, to float64, unit string) bool {
	g.Version = 1
	share := g.Share("__"+namespace, unit)
	return from <= share && share < to
}

// Weights are those that an experiment of so many variants goes by: the given ones, or equal ones where their number is another or
// they do not add up to 0.99 to 1.01.
func (GrowthBook) Weights(weights []float64, variants int) []float64 {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	if len(weights) == variants && sum >= 0.99 && sum <= 1.01 {
		return weights
	}
	equal := make([]float64, max(variants, 0))
	for i := range equal {
		equal[i] = 1 / float64(variants)
	}
	return equal
}

// fnv is FNV-1a with 32 bits, of bytes or of code units as if each were a byte.
func (g GrowthBook) fnv(text string) uint32 {
	const offset, prime = 2166136261, 16777619
	hash := uint32(offset)
	if g.UTF16 {
		for _, unit := range utf16.Encode([]rune(text)) {
			hash = (hash ^ uint32(unit)) * prime
		}
		return hash
	}
	for i := range len(text) {
		hash = (hash ^ uint32(text[i])) * prime
	}
	return hash
}
