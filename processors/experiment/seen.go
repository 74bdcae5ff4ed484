package experiment

import (
	"cmp"
	"slices"
)

// LongAgo is the gap of a unit that had no event of the metric in the minute before, or none at all. Longer windows than a
// minute there are none.
const LongAgo = 60

// Seen counts the units that have an event of a metric in a pane, by their gap: how many seconds before the start of the
// pane the latest earlier pane starts in which they have one, from 1 to LongAgo. So the units of any window are a sum over its panes:
// those of each pane whose gap reaches behind the start of the window. Rising by gap, none with a count of 0; a delta may
// have negative ones.
type Seen []SeenUnits

// SeenUnits is the units of one gap.
type SeenUnits struct {
	Gap   int
	Units int64
}

// Add counts n more units of a gap; longer ones than LongAgo count as that.
func (s *Seen) Add(gap int, n int64) {
	if n == 0 {
		return
	}
	gap = min(gap, LongAgo)
	i, found := slices.BinarySearchFunc(*s, gap, func(a SeenUnits, gap int) int { return cmp.Compare(a.Gap, gap) })
	switch {
	case !found:
		*s = slices.Insert(*s, i, SeenUnits{gap, n})
	case (*s)[i].Units == -n:
		*s = slices.Delete(*s, i, i+1)
	default:
		(*s)[i].Units += n
	}
}

// Since is how many units have their first event in a window that starts so many seconds before the pane.
func (s Seen) Since(seconds int) (n int64) {
	for _, u := range s {
		if u.Gap > seconds {
			n += u.Units
		}
	}
	return n
}
