package cells

import "github.com/abacus-stream/abacus/processors/experiment"

// drawn are the converted units of a cell whose variant was drawn by known weights.
func drawn(c *experiment.CellDelta, m int) int64 {
	if m >= len(c.Drawn) {
		return 0
	}
	return c.Drawn[m]
}

// fewerDrawn are the matured units of a variant that converted and were drawn, nil where all were that converted and where nothing is
// drawn.
func (t *tally) fewerDrawn(m, v int, converted int64) *int64 {
	if !t.independent || t.def.Metrics[m].Kind != kindConversion {
		return nil
	}
	n := int64(0)
	for i := range t.epochs {
		n += drawn(&t.epochs[i].cells[v], m)
	}
	if n == converted {
		return nil
	}
	fewer := n // n itself stays off the heap
	return &fewer
}
