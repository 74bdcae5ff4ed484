package units

import (
	"testing"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/stretchr/testify/require"
)

// story is one of everything that a row can live through, the waiting for an experiment and a moved end included.
func story(h *harness, after func()) {
	first := shop()
	steps := []func(){
		func() { h.pipe(exposed("w1", "u5", "A", 0), exposed("w1", "u5", "A", 0)) },
		func() { h.pipe(tagged("t1", "A", "1", 0)) },
		func() { h.apply(first) },
		func() { h.apply(ranker()) },
		func() { h.pipe(bought("p0", "u1", "1.005", 1)) },
		func() { h.pipe(exposed("x1", "u1", "A", 1)) },
		func() { h.pipe(took("r1", "u1", "p2", 1), took("r2", "u1", "p9", 1)) },
		func() { h.pipe(bought("p1", "u1", "3", 2), bought("p2", "u1", "4", 3)) },
		func() { h.pipe(exposed("y1", "u2", "B", 3), bought("q1", "u2", "8", 4)) },
		func() { h.pipe(exposed("x0", "u1", "A", 0), bought("p1", "u1", "5", 2)) },
		func() { h.pipe(tagged("t2", "B", "2", 5)) },
		func() { h.idle(40) },
		func() { h.pipe(exposed("y2", "u2", "A", 41)) },
		func() { h.pipe(exposed("g", "u3", "A", 42)) },
		func() {
			h.apply(revised(first, ms(50), func(d *experiment.Definition) { end := time.UnixMilli(ms(50)); d.End = &end }))
		},
		func() { h.pipe(bought("g1", "u3", "1", 55), bought("g2", "u3", "2", 49)) },
		func() { h.idle(110) },
		func() { h.pipe(exposed("x9", "u1", "B", 45), took("r9", "u3", "g2", 110)) },
		func() { h.pipe(ended("exp", 111)) },
		func() { h.idle(170) },
		func() { h.pipe(bought("p7", "u1", "1", 2), bought("g3", "u3", "1", 4)) },
		func() { h.idle(400) },
	}
	for _, step := range steps {
		step()
		after()
	}
}

func TestRestartAtEveryRecord(t *testing.T) {
	whole := newHarness(t)
	story(whole, func() {})
	want := whole.ledger("exp", 1).String() + whole.ledger("ranker", 1).String()
	for name, after := range map[string]func(h *harness){
		"commit":              (*harness).commit,
		"lost":                (*harness).restart,
		"commit then restart": func(h *harness) { h.commit(); h.restart() },
		"restart then commit": func(h *harness) { h.restart(); h.commit() },
	} {
		h := newHarness(t)
		story(h, func() { after(h) })
		require.Equal(t, want, h.ledger("exp", 1).String()+h.ledger("ranker", 1).String(), name)
		require.Equal(t, whole.deadReasons(), h.deadReasons(), name)
		require.Len(t, h.done.late, len(whole.done.late), name)
		require.Equal(t, rowsOf(whole), rowsOf(h), name)
	}
	require.Len(t, whole.done.late, 2)
	for key := range rowsOf(whole) {
		require.Contains(t, "acq", key[:1], "all units and waiting records are gone: %q", key)
	}
}

func TestStaleTimersAreForgotten(t *testing.T) {
	h := newHarness(t, shop())
	for i := range 10 {
		h.pipe(exposed(string(rune('a'+i)), "u1", "A", float64(20-i))) // each earlier than the one before
	}
	h.idle(30)
	require.Equal(t, 1, h.proc.timers.Len(), "first seen fired; maturity is next")
	h.idle(100)
	require.Equal(t, 1, h.proc.timers.Len(), "the end of the row")
	h.idle(300)
	require.Zero(t, h.proc.timers.Len())
}
