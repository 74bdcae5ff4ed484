package verify

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		text     string
		decimals int
		want     int64
		rounded  bool
		ok       bool
	}{
		{"0", 6, 0, false, true}, {"-0.000", 2, 0, false, true}, {"0e999999999999999999999", 2, 0, false, true},
		{"12.34", 2, 1234, false, true}, {"12.34", 1, 123, true, true}, {"-12.34", 0, -12, true, true},
		{"0.5", 0, 0, true, true}, {"1.5", 0, 2, true, true}, {"2.5", 0, 2, true, true}, {"-2.5", 0, -2, true, true},
		{"2.50000000000000000000000000000000001", 0, 3, true, true}, {"0.05", 0, 0, true, true}, {"0.99", 0, 1, true, true},
		{"1e15", 0, 1e15, false, true}, {"9007199254740992", 0, 1 << 53, false, true}, {"9007199254740992.4", 0, 1 << 53, true, true},
		{"9007199254740992.5", 0, 1 << 53, true, true}, {"9007199254740993", 0, 0, false, false}, {"-1e400", 0, 0, false, false},
		{"1" + strings.Repeat("0", 400) + "e-400", 3, 1000, false, true}, {"1e-400", 9, 0, true, true},
		{"1e99999999999999999999999", 0, 0, false, false}, {"1e-99999999999999999999999", 0, 0, true, true},
	} {
		d, ok := parseDecimal(c.text)
		require.True(t, ok, c.text)
		v, rounded, ok := d.scaled(c.decimals)
		require.Equal(t, c.ok, ok, c.text)
		require.Equal(t, c.want, v, c.text)
		require.Equal(t, c.rounded, rounded && ok, c.text)
	}
	for _, text := range []string{"", "+1", ".5", "1.", "01", "1e", "0x1", "NaN", "1_000", " 1", "1 ", "--1", "١"} {
		_, ok := parseDecimal(text)
		require.False(t, ok, text)
	}
}

func TestDecimalText(t *testing.T) {
	for want, c := range map[string]struct {
		sum      int64
		decimals int
	}{
		"0": {0, 0}, "0.00": {0, 2}, "0.05": {5, 2}, "-0.05": {-5, 2}, "12.30": {1230, 2}, "-1230": {-1230, 0}, "1.230000": {1230000, 6},
	} {
		require.Equal(t, want, decimalText(big.NewInt(c.sum), c.decimals))
	}
}

func TestWideIntegersAreThoseOfStats(t *testing.T) {
	for _, n := range []int64{0, 1, -1, 1 << 53, -(1 << 53), 1<<63 - 1, -1 << 63} {
		var wide stats.Sums
		sum := newSums(1)
		for range 5 {
			wide.Include(n)
			sum[0].include(n)
		}
		require.Equal(t, wide, plain(sum)[0], n)
	}
}
