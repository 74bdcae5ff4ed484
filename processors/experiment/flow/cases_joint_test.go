package flow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

const baskets = `
experiment: shop
variants: {A: 1, B: 1}
control: A
start: 2025-12-31T23:00:00Z
grace: 5s
dedup_for: 100s
windows: [60s]
metrics:
  - {name: basket, kind: ratio, numerator: spent, denominator: orders}
  - {name: spent, kind: mean, event: purchase, window: 60s, decimals: 2, cap: 50, covariate: {period: 30s}}
  - {name: orders, kind: count, event: purchase, window: 60s, cap: 2}
  - {name: known, kind: mean, event: purchase, window: 60s, decimals: 2, covariate: {prop: past, decimals: 1}}
`

// unit is what one unit came to: the metric after and before, in cents.
type unit struct{ after, before int64 }

// joint are the sums of units.
func joint(units ...unit) (j stats.Joint) {
	for _, u := range units {
		j.Include(u.after, u.before)
	}
	return j
}

// wantAdjusted asserts that a comparison is of these units.
func (s *story) wantAdjusted(metric string, a, b stats.Joint, decimals [2]int) {
	s.t.Helper()
	want := stats.Adjusted([]stats.Joint{a}, []stats.Joint{b}, decimals, 0.05)
	got := s.record("shop|total").Metrics[metric].Comparisons["B"]
	require.Equal(s.t, "welch_cuped", got.Method)
	require.Equal(s.t, []result.Number{result.Num(want.Difference), result.Num(want.SE), result.Num(want.Theta), result.Num(want.P)},
		[]result.Number{got.Difference, got.SE, got.Theta, got.P})
}

// What a unit did before its first exposure adjusts, late and taken back as it comes, and is fixed when the unit matures.
func TestCovariatesAreOfBeforeTheFirstExposure(t *testing.T) {
	s := tell(t, baskets)
	s.bought("p1", "u1", "10", 70) // at the beginning of the period
	s.bought("p2", "u1", "99", 69.999)
	s.bought("p3", "u3", "20", 99.999)
	s.bought("p4", "u4", "6", 80)
	s.exposed("x1", "u1", "A", 100)
	s.bought("q1", "u1", "20", 100) // not before
	s.exposed("x2", "u2", "A", 100)
	s.bought("q2", "u2", "5", 101)
	s.exposed("x3", "u3", "B", 100)
	s.bought("q3", "u3", "70", 101) // capped, as the covariate is
	s.exposed("x4", "u4", "B", 100)
	s.bought("q4", "u4", "8", 101)
	s.wantAdjusted("spent", joint(unit{2000, 1000}, unit{500, 0}), joint(unit{5000, 2000}, unit{800, 600}), [2]int{2, 2})

	s.bought("p5", "u2", "4", 90) // late
	s.retracts("r", "u4", "p4", 102)
	s.exposed("x0", "u1", "A", 99) // earlier: p2 is in its period, and so is p1
	s.wantAdjusted("spent", joint(unit{2000, 5000}, unit{500, 400}), joint(unit{5000, 2000}, unit{800, 0}), [2]int{2, 2})
	s.want("shop",
		"basket A 2 25.00 matured 0 0.00", "basket B 2 58.00 matured 0 0.00", "known A 2 25.00 matured 0 0.00", "known B 2 78.00 matured 0 0.00",
		"orders A 2 2 matured 0 0", "orders B 2 2 matured 0 0", "spent A 2 25.00 matured 0 0.00", "spent B 2 58.00 matured 0 0.00")

	s.passes(166)
	s.bought("p6", "u4", "3", 95) // too late for the matured track, not for the live one
	s.wantAdjusted("spent", joint(unit{2000, 5000}, unit{500, 400}), joint(unit{5000, 2000}, unit{800, 300}), [2]int{2, 2})
	s.want("shop",
		"basket A 2 25.00 matured 2 25.00", "basket B 2 58.00 matured 2 58.00", "known A 2 25.00 matured 2 25.00", "known B 2 78.00 matured 2 78.00",
		"orders A 2 2 matured 2 2", "orders B 2 2 matured 2 2", "spent A 2 25.00 matured 2 25.00", "spent B 2 58.00 matured 2 58.00", "corrections 1")
	s.agrees()
}

// A unit that is not exposed yet is remembered for its covariates, though dedup_for has passed.
func TestCovariatesOutliveTheDedupOfUnitsNotExposed(t *testing.T) {
	const short = `
experiment: shop
variants: {A: 1, B: 1}
control: A
start: 2025-12-31T23:00:00Z
grace: 5s
dedup_for: 10s
metrics:
  - {name: spent, kind: mean, event: purchase, window: 60s, decimals: 2, covariate: {period: 200s}}
`
	s := tell(t, short)
	for _, u := range []string{"u1", "u2", "u3", "u4"} {
		s.bought("p"+u, u, map[string]string{"u1": "3", "u2": "5", "u3": "9", "u4": "2"}[u], 10)
	}
	s.passes(150)
	for i, u := range []string{"u1", "u2", "u3", "u4"} {
		s.exposed("x"+u, u, []string{"A", "A", "B", "B"}[i], 151)
		s.bought("q"+u, u, []string{"4", "4", "12", "1"}[i], 152)
	}
	s.wantAdjusted("spent", joint(unit{400, 300}, unit{400, 500}), joint(unit{1200, 900}, unit{100, 200}), [2]int{2, 2})
	s.agrees()
}

// A number that exposures bring is that of the first one. What is none is 0.
func TestCovariatesThatExposuresBring(t *testing.T) {
	s := tell(t, baskets)
	for _, e := range []struct{ id, unit, variant, past, at string }{
		{"x1", "u1", "A", `12.34`, "100"}, {"x2", "u2", "A", `"7"`, "100"}, {"x3", "u3", "B", `"many"`, "100"}, {"x4", "u4", "B", `1`, "100"},
		{"x5", "u4", "B", `3`, "99"}, {"x6", "u1", "A", `99`, "101"},
	} {
		s.event(e.unit, `{"id":%q,"type":"exposure","unit":%q,"experiment":"shop","variant":%q,"ts":@%s,"props":{"past":%s}}`, e.id, e.unit, e.variant, e.at, e.past)
	}
	s.bought("q1", "u1", "20", 110)
	s.bought("q2", "u2", "5", 110)
	s.bought("q4", "u4", "9", 110)
	s.wantAdjusted("known", joint(unit{2000, 123}, unit{500, 70}), joint(unit{0, 0}, unit{900, 30}), [2]int{2, 1})
	s.agrees()
}

// Case 39: a ratio is of two metrics of one window; its sum is the numerator's, its mean the ratio of the sums, both capped.
func TestCase39_RatiosAreOfTheirParts(t *testing.T) {
	s := tell(t, baskets)
	for i, u := range []string{"u1", "u2", "u3", "u4"} {
		s.exposed("x"+u, u, []string{"A", "A", "B", "B"}[i], 100)
	}
	for i, p := range []struct{ unit, value string }{
		{"u1", "10"}, {"u1", "20"}, {"u1", "30"}, {"u2", "5"}, // u1: 50 of 2 by the caps
		{"u3", "12"}, {"u3", "12"}, {"u4", "6.5"}, {"u4", "1"},
	} {
		s.bought("q"+string(rune('a'+i)), p.unit, p.value, 110)
	}
	s.retracts("r", "u4", "qh", 111)
	a, b := joint(unit{5000, 2}, unit{500, 1}), joint(unit{2400, 2}, unit{650, 1})
	want := stats.Ratio([]stats.Joint{a}, []stats.Joint{b}, [2]int{2, 0}, 0.05)
	m := s.record("shop|total").Metrics["basket"]
	require.Equal(t, "55.00", m.Variants["A"].Sum)
	for name, j := range map[string]stats.Joint{"A": a, "B": b} {
		ratio, variance, reason := j.Ratio([2]int{2, 0})
		require.Empty(t, reason)
		require.Equal(t, []result.Number{result.Num(ratio), result.Num(variance)}, []result.Number{m.Variants[name].Mean, m.Variants[name].Variance})
	}
	got := m.Comparisons["B"]
	require.Equal(t, "ratio", got.Method)
	require.Equal(t, []result.Number{result.Num(want.Difference), result.Num(want.SE), result.Num(want.P), result.Num(want.Relative)},
		[]result.Number{got.Difference, got.SE, got.P, got.Relative})
	s.agrees()
}
