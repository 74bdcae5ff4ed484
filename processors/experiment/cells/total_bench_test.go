package cells_test

import (
	"testing"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

// One total of three metrics and two variants, as it is made at each emission.
func BenchmarkTotal(b *testing.B) {
	e := entry()
	in := cells.TotalInput{Entry: &e, AsOf: t0, Closed: true, Sums: &experiment.Delta{Run: 1, Cells: []experiment.CellDelta{
		grown(0, 1, 10_000, 1000, 300), grown(1, 1, 10_000, 1050, 300),
	}}}
	b.ReportAllocs()
	for b.Loop() {
		cells.Total(in)
	}
}
