package verdict_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		split   verdict.Split
		verdict string
		reason  string // a part of it
	}{
		{verdict.Split{PSequential: 1, PCrossed: 1, PChi2: 1, Kept: 0, Excluded: 0}, verdict.OK, ""},
		{verdict.Split{PSequential: 0.0011, PCrossed: 0.0011, PChi2: 0.0011, Kept: 9901, Excluded: 99}, verdict.OK, ""},
		{verdict.Split{PSequential: 0.001, PCrossed: 1, PChi2: 0.5, Kept: 100, Excluded: 0}, verdict.BrokenSplit, "weights"},
		{verdict.Split{PSequential: 0.001, PCrossed: 1, PChi2: 0.5, Kept: 100, Excluded: 900}, verdict.BrokenSplit, "weights"},
		{verdict.Split{PSequential: 0.5, PCrossed: 1, PChi2: 0.0009, Kept: 9900, Excluded: 100}, verdict.OK, "1.0 % of the units were seen in several variants and are left out (excluded_share)."},
		{verdict.Split{PSequential: 0.5, PCrossed: 1, PChi2: 0.5, Kept: 901, Excluded: 99}, verdict.OK, "9.9 % of"},
		{verdict.Split{PSequential: 0.5, PCrossed: 1, PChi2: 0.5, Kept: 900, Excluded: 100}, verdict.BrokenAssignment, "10 % of"},
		{verdict.Split{PSequential: 0.5, PCrossed: 1, PChi2: 0.0009, Kept: 100, Excluded: 0}, verdict.OK, "(analysed_split)"},
		{verdict.Split{PSequential: 0.5, PCrossed: 0.001, PChi2: 0.5, Kept: 999, Excluded: 1}, verdict.BrokenAssignment, "(crossed)"},
		{verdict.Split{PSequential: 0.5, PCrossed: 0.001, PChi2: 0.5, Kept: 10, Segment: "hour=15"}, verdict.BrokenSplit, "Units of hour=15 do not come to the variants as the weights say (segment_split)."},
		{verdict.Split{PSequential: 0.00011, PCrossed: 1, PChi2: 0.5, Kept: 10, Looks: 10}, verdict.OK, ""},
		{verdict.Split{PSequential: 0.0001, PCrossed: 1, PChi2: 0.5, Kept: 10, Looks: 10}, verdict.BrokenSplit, "weights"},
	} {
		got, reason := c.split.Judge()
		require.Equal(t, c.verdict, got, "%+v", c.split)
		require.Contains(t, reason, c.reason)
		require.Equal(t, c.reason == "", reason == "", reason)
	}
}
