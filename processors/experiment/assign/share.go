package assign

import "github.com/twmb/murmur3"

// Share is the place of a unit in [0, 1) for a seed: the upper 53 bits of murmur3 x64-128 of the seed, a 0 byte and the unit.
func Share(seed, unit string) float64 {
	return shareOf(seed + "\x00" + unit)
}

func shareOf(text string) float64 {
	high, _ := murmur3.StringSum128(text)
	return float64(high>>11) / (1 << 53)
}
