package units

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// basket adds a quantile of the values of purchases, one of the units' totals of them, and the last value.
func basket(d *experiment.Definition) {
	zero := 0
	metric := experiment.Metric{Event: "purchase", Window: 60 * seconds, Decimals: &zero}
	for _, name := range []string{"quantile", "unit", "last"} {
		metric.Name, metric.Kind, metric.Of = name, name, ""
		if name == "unit" {
			metric.Kind, metric.Of = "quantile", "unit"
		}
		d.Metrics = append(d.Metrics, metric)
	}
}

func (h *harness) wantBasket(values, totals []float64, last string) {
	l := h.ledger("exp", 1)
	require.Equal(h.t, values, l.values(0, 1, 2), "of events")
	require.Equal(h.t, totals, l.values(0, 1, 3), "of units")
	require.Equal(h.t, last, l.cells[[3]int64{0, 1}].Live[4].S.String())
}

func TestQuantilesGiveBack(t *testing.T) {
	h := newHarness(t, shop(basket))
	h.pipe(exposed("x", "u1", "A", 0), exposed("y", "u2", "A", 0))
	h.pipe(bought("1", "u1", "7", 1), bought("2", "u1", "5", 2), bought("3", "u2", "30", 3), bought("4", "u2", "-30", 4))
	h.wantBasket([]float64{-30, 5, 7, 30}, []float64{12}, "-25")
	h.pipe(took("r", "u1", "1", 5))
	h.wantBasket([]float64{-30, 5, 30}, []float64{5}, "-25")
	h.pipe(took("s", "u2", "4", 6))
	h.wantBasket([]float64{5, 30}, []float64{5, 30}, "35")
	h.pipe(exposed("z", "u2", "B", 7))
	h.wantBasket([]float64{5}, []float64{5}, "5")
}

func TestTheLastValueIsThatOfTheLatestEvent(t *testing.T) {
	h := newHarness(t, shop(basket))
	want := func(sum string) {
		t.Helper()
		require.Equal(t, sum, h.ledger("exp", 1).cells[[3]int64{0, 1}].Live[4].S.String())
	}
	h.pipe(exposed("x", "u1", "A", 0), bought("m", "u1", "7", 10))
	want("7")
	h.pipe(bought("k", "u1", "5", 9))
	want("7")
	h.pipe(bought("l", "u1", "4", 10))
	want("7")
	h.pipe(bought("n", "u1", "3", 10))
	want("3")
	h.restart()
	h.pipe(bought("ma", "u1", "9", 10))
	want("3")
	h.pipe(took("r", "u1", "n", 11))
	want("9")
	h.pipe(took("s", "u1", "ma", 11), took("t", "u1", "m", 11), took("u", "u1", "l", 11))
	want("5")
	h.pipe(took("v", "u1", "k", 11))
	want("0")
	h.pipe(bought("w", "u1", "null", 12))
	want("0")
}

// Two events in one second are of one unit, and one in between changes how far apart its neighbours are.
func TestUnitsOfAWindowAreCountedByTheirFirstPane(t *testing.T) {
	h := newHarness(t, shop())
	seen := func(second int64) experiment.Seen {
		pane := h.ledger("exp", 1).pane(0, base+second*1000, 2)
		return pane.BinsOf(0).Seen
	}
	h.pipe(exposed("x", "u1", "A", 0), exposed("y", "u2", "A", 0))
	h.pipe(bought("1", "u1", "1", 1), bought("2", "u1", "1", 1.5), bought("3", "u1", "1", 9), bought("4", "u2", "1", 9))
	require.Equal(t, experiment.Seen{{Gap: 60, Units: 1}}, seen(1))
	require.Equal(t, experiment.Seen{{Gap: 8, Units: 1}, {Gap: 60, Units: 1}}, seen(9))
	h.pipe(bought("5", "u1", "1", 6))
	require.Equal(t, experiment.Seen{{Gap: 5, Units: 1}}, seen(6))
	require.Equal(t, experiment.Seen{{Gap: 3, Units: 1}, {Gap: 60, Units: 1}}, seen(9))
	h.pipe(took("r", "u1", "1", 9), took("s", "u1", "5", 9))
	require.Equal(t, experiment.Seen{{Gap: 8, Units: 1}, {Gap: 60, Units: 1}}, seen(9))
	h.pipe(took("t", "u1", "2", 9))
	require.Equal(t, experiment.Seen{{Gap: 60, Units: 2}}, seen(9))
	require.Empty(t, seen(1))
	h.pipe(exposed("z", "u1", "B", 9))
	require.Equal(t, experiment.Seen{{Gap: 60, Units: 1}}, seen(9))
}

// An earlier exposure takes what its unit has to other segments, quantiles too; nothing of it stays behind.
func TestQuantilesGoWithTheSegmentsOfTheUnit(t *testing.T) {
	h := newHarness(t, shop(basket, func(d *experiment.Definition) { d.Segments = byCountry }))
	want := func(segment int, values, totals []float64) {
		t.Helper()
		l := h.ledger("exp", 1)
		require.Equal(t, values, l.values(0, 1, 2, segment), "of events")
		require.Equal(t, totals, l.values(0, 1, 3, segment), "of units")
	}
	h.pipe(from(exposed("x", "u1", "A", 4), map[string]string{"country": "DE"}), from(exposed("y", "u2", "A", 4), map[string]string{"country": "DE", "vip": "true"}))
	h.pipe(bought("1", "u1", "7", 5), bought("2", "u1", "5", 6), bought("3", "u2", "30", 6))
	want(0, []float64{5, 7, 30}, []float64{12, 30})
	want(1, []float64{5, 7, 30}, []float64{12, 30})
	want(4, []float64{30}, []float64{30})
	want(5, []float64{5, 7}, []float64{12})
	h.commit()
	h.pipe(from(exposed("w", "u1", "A", 3), map[string]string{"country": "FR"}))
	want(0, []float64{5, 7, 30}, []float64{12, 30})
	want(1, []float64{30}, []float64{30})
	want(2, []float64{5, 7}, []float64{12})
	h.pipe(took("r", "u1", "1", 7))
	want(2, []float64{5}, []float64{5})
	h.pipe(exposed("z", "u1", "B", 7))
	want(0, []float64{30}, []float64{30})
	want(2, nil, nil)
	want(5, nil, nil)
	h.idle(90)
	for _, c := range h.ledger("exp", 1).cells {
		require.Zero(t, c.Matured[2].N+c.Matured[3].N, "quantiles have no track of matured units")
	}
}
