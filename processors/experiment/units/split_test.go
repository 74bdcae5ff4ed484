package units

import (
	"testing"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/stretchr/testify/require"
)

func because(e ev, reason string) ev {
	e.Reason = reason
	return e
}

// seen is how many units the split check has counted, by variant, all epochs together.
func (h *harness) seen() (n [2]int64) {
	for key, c := range h.ledger("exp", 1).cells {
		n[key[0]] += c.FirstSeen
	}
	return n
}

func TestOnlyDrawnUnitsEnterTheSplitCheck(t *testing.T) {
	h := newHarness(t, shop())
	for i, reason := range []string{"", "hash", "qa", "sticky", "forced", "override", "overridden"} {
		h.pipe(because(exposed("x", string(rune('a'+i)), "A", 0), reason))
	}
	h.idle(5)
	require.Equal(t, [2]int64{3, 0}, h.seen())
	require.EqualValues(t, 7, h.ledger("exp", 1).cell(0, 1, 2).Units, "they count for metrics")
}

// drawn is how many matured units that converted had their variants by known weights, by variant, all epochs together.
func (h *harness) drawn() (n [2]int64) {
	for key, c := range h.ledger("exp", 1).cells {
		n[key[0]] += c.Drawn[0]
	}
	return n
}

func TestOnlyDrawnUnitsEnterTheExactFigures(t *testing.T) {
	h := newHarness(t, shop())
	for i, reason := range []string{"", "hash", "sticky", "forced", "override", "overridden", "qa"} {
		unit := string(rune('a' + i))
		h.pipe(because(exposed("x", unit, "B", 0), reason))
		if i != 6 {
			h.pipe(bought("p", unit, "1", 1))
		}
	}
	h.idle(200)
	require.Equal(t, [2]int64{0, 2}, h.drawn())
	h.wantParts("of B@1 crossed 0 nonzero [6 6]")
}

// The exposure that a unit matures with decides, whatever the split check has counted before that came.
func TestTheExposureThatMaturesDecidesOnTheExactFigures(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x2", "u1", "A", 2), because(exposed("x2", "u2", "A", 2), "sticky"))
	h.pipe(bought("p", "u1", "1", 3), bought("p", "u2", "1", 3))
	h.idle(8)
	require.Equal(t, [2]int64{1, 0}, h.seen())
	h.restart()
	h.pipe(because(exposed("x1", "u1", "A", 1), "forced"), exposed("x1", "u2", "A", 1))
	h.restart()
	h.idle(200)
	require.Equal(t, [2]int64{1, 0}, h.seen(), "u1")
	require.Equal(t, [2]int64{1, 0}, h.drawn(), "u2")
	h.pipe(because(exposed("x0", "u2", "A", 0), "forced"))
	require.Equal(t, [2]int64{1, 0}, h.drawn(), "what has matured stays")
}

// The reason of the first exposure by time decides, as long as the unit has not entered.
func TestTheFirstExposureDecidesOnTheSplitCheck(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(because(exposed("x2", "u1", "A", 2), "sticky"), exposed("x1", "u1", "A", 1))
	h.pipe(exposed("x2", "u2", "A", 2), because(exposed("x1", "u2", "A", 1), "forced"), exposed("x3", "u2", "A", 3))
	h.idle(6)
	require.Equal(t, [2]int64{1, 0}, h.seen())
	h.pipe(because(exposed("x0", "u1", "A", 0), "sticky"), exposed("x0", "u2", "A", 0)) // counts of first-seen arms never change
	h.idle(20)
	require.Equal(t, [2]int64{1, 0}, h.seen())
	h.pipe(exposed("y", "u1", "B", 8), exposed("y", "u2", "B", 8))
	h.wantParts("of A@1 crossed 1 nonzero [0 0]") // of those that entered
}

func TestExposuresNearAChangeOfWeightsNameTheirVersionOrDoNotEnter(t *testing.T) {
	at := func(version int, seconds float64) [2]int64 {
		h := newHarness(t, revised(revised(shop(), ms(-300), func(d *experiment.Definition) { d.Grace++ }), ms(100), func(d *experiment.Definition) {
			d.Variants = experiment.Variants{{Name: "A", Weight: 1}, {Name: "B", Weight: 3}}
		}))
		e := exposed("x", "u", "B", seconds)
		e.Version = version
		h.pipe(e)
		h.idle(seconds + 10)
		return h.seen()
	}
	for seconds, n := range map[float64]int64{-301: 1, -300: 1, 94.999: 1, 95: 0, 99.9: 0, 100: 0, 160: 0, 160.001: 1} {
		require.Equal(t, [2]int64{0, n}, at(0, seconds), "at %v s", seconds)
		require.Equal(t, [2]int64{0, n}, at(77, seconds), "of an unknown version at %v s", seconds)
		require.Equal(t, [2]int64{0, 1}, at(2, seconds), "of a version that is known at %v s", seconds)
	}
}
