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
		{verdict.Split{1, 1, 1, 0, 0}, verdict.OK, ""},
		{verdict.Split{0.0011, 0.0011, 0.0011, 9901, 99}, verdict.OK, ""},
		{verdict.Split{0.001, 1, 0.5, 100, 0}, verdict.BrokenSplit, "weights"},
		{verdict.Split{0.001, 1, 0.5, 100, 900}, verdict.BrokenSplit, "weights"},
		{verdict.Split{0.5, 1, 0.0009, 9900, 100}, verdict.OK, "1.0 % of the units were seen in several variants and are left out (excluded_share)."},
		{verdict.Split{0.5, 1, 0.5, 901, 99}, verdict.OK, "9.9 % of"},
		{verdict.Split{0.5, 1, 0.5, 900, 100}, verdict.BrokenAssignment, "10 % of"},
		{verdict.Split{0.5, 1, 0.0009, 100, 0}, verdict.OK, "(analysed_split)"},
		{verdict.Split{0.5, 0.001, 0.5, 999, 1}, verdict.BrokenAssignment, "(crossed)"},
	} {
		got, reason := c.split.Judge()
		require.Equal(t, c.verdict, got, "%+v", c.split)
		require.Contains(t, reason, c.reason)
		require.Equal(t, c.reason == "", reason == "", reason)
	}
}
