package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/topology/worker"
)

// shoppers are units of three countries: one is found to have come from another first, one crosses over, one takes back.
func shoppers(ts int64) [][]input {
	const second = 1000
	return [][]input{
		{
			from("DE", exposure("1", "d1", "button", "control", ts)), purchase("2", "d1", "10", ts+second), purchase("3", "d1", "20.5", ts+2*second),
			from("DE", exposure("1", "d2", "button", "treatment", ts)), purchase("2", "d2", "5", ts+second),
			from("DE", exposure("1", "moves", "button", "control", ts+3*second)), purchase("2", "moves", "4", ts+4*second),
			from("FR", exposure("1", "crosses", "button", "control", ts)), purchase("2", "crosses", "100", ts+second),
			from("IT", exposure("1", "i1", "button", "treatment", ts)), purchase("2", "i1", "1.25", ts+second),
		}, {
			from("FR", exposure("3", "moves", "button", "control", ts+2*second)),
			from("DE", exposure("3", "crosses", "button", "treatment", ts+3*second)),
			from("FR", exposure("1", "f1", "button", "treatment", ts+second)), purchase("2", "f1", "7.5", ts+2*second), purchase("3", "f1", "3", ts+2*second),
			retraction("4", "f1", "3", ts+3*second),
			exposure("1", "nowhere", "button", "control", ts+second), purchase("2", "nowhere", "2", ts+2*second),
			from("FR", exposure("1", "f2", "button", "control", ts+4*second)),
		},
	}
}

// figures are the units, revenue, orders and revenue per order of one arm.
type figures struct {
	units           int64
	revenue, orders string
	basket          float64 // 0: no order
}

// Segments are the segment of the first exposure, ratios those of exact sums, and a process that stops in between changes neither.
func TestSegmentsAndRatios(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p := k.pipeline(t, setup{})
		p.register(button)
		var x *process
		for _, events := range shoppers(minutesAgo(2)) {
			if x != nil {
				p.settle()
				require.NoError(t, x.stop())
			}
			x = p.start(worker.Config{})
			p.send(events...)
		}
		p.finish(x)
		last := p.last(p.stats())
		for key, want := range map[string]map[string]figures{
			"button|total":               {"control": {4, "36.50", "4", 9.125}, "treatment": {3, "13.75", "3", 13.75 / 3}},
			"button|total|country=DE":    {"control": {1, "30.50", "2", 15.25}, "treatment": {1, "5.00", "1", 5}},
			"button|total|country=FR":    {"control": {2, "4.00", "1", 4}, "treatment": {1, "7.50", "1", 7.5}},
			"button|total|country=other": {"control": {1, "2.00", "1", 2}, "treatment": {1, "1.25", "1", 1.25}},
		} {
			require.Contains(t, last, key)
			requireFigures(t, p.record(last[key]), want)
		}
	})
}

func requireFigures(t *testing.T, rec *result.Record, want map[string]figures) {
	t.Helper()
	for arm, f := range want {
		basket := rec.Metrics["basket"].Variants[arm]
		r, _ := basket.Mean.Float()
		got := figures{rec.Units[arm], rec.Metrics["revenue"].Variants[arm].Sum, rec.Metrics["orders"].Variants[arm].Sum, r}
		require.Equal(t, f, got, "%s %s", rec.Key(), arm)
		require.Equal(t, got.revenue, basket.Sum, "the numerator's")
	}
}
