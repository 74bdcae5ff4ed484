package cells_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// widest is an experiment of long names; of as many metrics as a definition may have at most, quantiles or means.
func widest(t *testing.T, variants int, quantiles []float64) experiment.Entry {
	t.Helper()
	e := entry(func(d *experiment.Definition) {
		nine := 9
		d.Variants, d.Metrics = nil, nil
		for v := range variants {
			d.Variants = append(d.Variants, experiment.Variant{Name: fmt.Sprintf("%s%02d", strings.Repeat("v", 38), v), Weight: 1})
		}
		d.Control = d.Variants[0].Name
		for m := range 64 {
			metric := experiment.Metric{Name: fmt.Sprintf("%s%02d", strings.Repeat("m", 61), m), Kind: "mean", Event: "e", Decimals: &nine}
			if quantiles != nil {
				metric.Kind, metric.Quantiles = "quantile", quantiles
			}
			d.Metrics = append(d.Metrics, metric)
		}
	})
	d := &e.Versions[0].Definition
	for d.Validate() != nil {
		d.Metrics = d.Metrics[:len(d.Metrics)-1]
		require.NotEmpty(t, d.Metrics)
	}
	return e
}

// What apply accepts makes records of at most 256 KiB, however long its names and figures are.
func TestTheWidestRecordFits(t *testing.T) {
	for _, variants := range []int{2, 5, 16} {
		e := widest(t, variants, nil)
		metrics := len(e.Versions[0].Definition.Metrics)
		sums := &experiment.Delta{Run: 1}
		for v := range variants {
			for epoch := range int64(2) {
				c := experiment.CellDelta{
					Variant: v, Epoch: 1 + epoch, Units: 300, FirstSeen: 123_456_789,
					Live: make([]stats.Sums, metrics), Matured: make([]stats.Sums, metrics), NonZero: make([]int64, metrics),
				}
				for m := range metrics {
					for i := range int64(300) {
						c.Matured[m].Include(i*i*97_777_777_777*int64(v+3) - 8e15)
					}
					c.Live[m], c.NonZero[m] = c.Matured[m], 300
				}
				sums.Cells = append(sums.Cells, c)
			}
		}
		requireWide(t, e, sums)
	}
}

func requireWide(t *testing.T, e experiment.Entry, sums *experiment.Delta) {
	t.Helper()
	d := &e.Versions[0].Definition
	data, err := result.Codec.Append(nil, cellsTotal(e, sums))
	require.NoError(t, err)
	t.Logf("%d variants, %d metrics: %d bytes", len(d.Variants), len(d.Metrics), len(data))
	require.LessOrEqual(t, len(data), 256<<10)
	if len(d.Metrics) < 64 {
		require.Greater(t, len(data), 100<<10, "the estimate is not far off")
	}
}

// Nor do quantiles make wider ones, each with its figures.
func TestTheWidestRecordOfQuantilesFits(t *testing.T) {
	var all []float64
	for i := range 16 {
		all = append(all, 0.0123456789012345678+float64(i)*0.061)
	}
	for _, variants := range []int{2, 5, 12} {
		e := widest(t, variants, all)
		sums := &experiment.Delta{Run: 1}
		for v := range variants {
			c := experiment.CellDelta{Variant: v, Epoch: 1, Units: 3000, FirstSeen: 123_456_789}
			for m := range e.Versions[0].Definition.Metrics {
				for bucket := range 32 {
					b := experiment.Bins{Metric: m, Bucket: bucket}
					for i := range int64(100) {
						b.Values.Add((i+int64(bucket*bucket))*i*7_777_777_777*int64(v+3)-8e12, 1)
					}
					c.Bins = append(c.Bins, b)
				}
			}
			sums.Cells = append(sums.Cells, c)
		}
		requireWide(t, e, sums)
	}
}
