package verify_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// chance appends random events of a few units, all within a span of ms from a time on.
func (s *story) chance(random *rand.Rand, events int, from, span int64) *story {
	for i := range events {
		unit, id, at := fmt.Sprint("unit", random.IntN(20)), fmt.Sprint(from, "-", i), from+random.Int64N(span)
		switch random.IntN(8) {
		case 0, 1:
			s.expose(id, unit, string("AAAAAB"[random.IntN(6)]), at)
		case 2:
			s.put("exposure", id, unit, at, more{"experiment": "second", "variant": string("AB"[len(unit)%2])})
		case 3:
			s.retract(id, unit, fmt.Sprint(from, "-", random.IntN(events)), at)
		case 4:
			s.put("buy", id, unit, at)
		default:
			s.buy(id, unit, fmt.Sprintf("%d.%03d", random.IntN(90)-9, random.IntN(1000)), at)
		}
	}
	return s
}

// All of it lies within grace, so nothing depends on the order of arrival but what a retraction meets: dead letters.
func TestShufflesAndDuplicatesChangeNothing(t *testing.T) {
	s := tell(t, checkout(), checkoutNamed("second"))
	s.in.Partitions = 3
	s.chance(rand.New(rand.NewPCG(1, 1)), 400, 0, 4000)
	want := s.verifier().Expected()
	require.NotZero(t, want["checkout"].Excluded)
	require.NotZero(t, want["checkout"].Live["revenue"]["A"].S.Sign())
	require.NotEmpty(t, want["second"].Dropped)
	for seed := range uint64(50) {
		require.Equal(t, want, s.shuffled(seed).verifier().Expected(), "seed %d", seed)
	}
}
