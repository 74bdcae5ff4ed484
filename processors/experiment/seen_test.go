package experiment_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// A unit's events of a minute and more, as panes with gaps, give the units of every window of up to a minute.
func TestSeenGivesTheUnitsOfAnyWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		panes := make([]experiment.Seen, 150)
		units := rapid.SliceOfN(rapid.MapOfN(rapid.IntRange(0, 149), rapid.Just(true), 0, 9), 0, 5).Draw(t, "units")
		for _, seconds := range units {
			before := -experiment.LongAgo
			for at := range panes {
				if seconds[at] {
					panes[at].Add(at-before, 1)
					before = at
				}
			}
		}
		start := rapid.IntRange(0, 149).Draw(t, "start")
		end := rapid.IntRange(start, min(start+experiment.LongAgo, 150)).Draw(t, "end")
		got, want := int64(0), int64(0)
		for at := start; at < end; at++ {
			got += panes[at].Since(at - start)
		}
		for _, seconds := range units {
			for at := start; at < end; at++ {
				if seconds[at] {
					want++
					break
				}
			}
		}
		require.Equal(t, want, got)
	})
}

func TestSeenGivesBack(t *testing.T) {
	var s experiment.Seen
	s.Add(3, 2)
	s.Add(100, 1)
	s.Add(1, 1)
	s.Add(7, 0)
	require.Equal(t, experiment.Seen{{Gap: 1, Units: 1}, {Gap: 3, Units: 2}, {Gap: experiment.LongAgo, Units: 1}}, s)
	require.EqualValues(t, 3, s.Since(1))
	s.Add(3, -2)
	s.Add(1, -1)
	s.Add(60, -1)
	require.Empty(t, s)
}
