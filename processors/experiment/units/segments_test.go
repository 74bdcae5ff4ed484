package units

import (
	"testing"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
	"github.com/stretchr/testify/require"
)

func segmented() experiment.Entry {
	return shop(func(d *experiment.Definition) { d.Segments = byCountry })
}

// from gives an exposure props.
func from(e ev, props map[string]string) ev {
	e.Props = props
	return e
}

func TestAUnitCountsInItsSegmentOfEachDimension(t *testing.T) {
	h := newHarness(t, segmented())
	h.pipe(from(exposed("x", "u1", "A", 0), map[string]string{"country": "FR", "vip": "true"}), bought("p", "u1", "3", 1))
	h.pipe(exposed("y", "u2", "B", 0))
	h.want("A@1 units 1 seen 0 live 0/1/1 0/300/90000 matured 0/0/0 0/0/0", "B@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
	h.wantSegments(
		"segment 2 A@1 units 1 seen 0 live 0/1/1 0/300/90000 matured 0/0/0 0/0/0 excluded 0 corrections 0 crossed 0 nonzero [0 0]",
		"segment 3 B@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0 excluded 0 corrections 0 crossed 0 nonzero [0 0]",
		"segment 4 A@1 units 1 seen 0 live 0/1/1 0/300/90000 matured 0/0/0 0/0/0 excluded 0 corrections 0 crossed 0 nonzero [0 0]",
		"segment 5 B@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0 excluded 0 corrections 0 crossed 0 nonzero [0 0]")
	h.idle(65)
	h.pipe(bought("p2", "u1", "1", 59)) // after maturity: a correction, in the segments of the unit too
	h.wantSegments(
		"segment 2 A@1 units 1 seen 1 live 0/1/1 0/400/160000 matured 1/1/1 1/300/90000 excluded 0 corrections 1 crossed 0 nonzero [1 1]",
		"segment 3 B@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0 excluded 0 corrections 0 crossed 0 nonzero [0 0]",
		"segment 4 A@1 units 1 seen 1 live 0/1/1 0/400/160000 matured 1/1/1 1/300/90000 excluded 0 corrections 1 crossed 0 nonzero [1 1]",
		"segment 5 B@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0 excluded 0 corrections 0 crossed 0 nonzero [0 0]")
}

// A prop of another form than text counts by its literal; null and objects are nothing.
func TestSegmentsOfPropsThatAreNoText(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) {
		d.Segments = []experiment.Dimension{{Name: "n", Prop: "n", Values: []string{"1", "true", "null"}}}
	}))
	for i, props := range []string{`{"n":1}`, `{"n":"1"}`, `{"n":1.0}`, `{"n":true}`, `{"n":null}`, `{"n":{}}`} {
		unit := string(rune('a' + i))
		h.pipeRaw(topology.Source{Topic: eventsTopic, Key: []byte(unit), Appended: base, Value: []byte(`{"id":"x","type":"exposure","unit":"` + unit + `","experiment":"exp","variant":"A","ts":1790000000000,"props":` + props + `}`)})
	}
	var got []int64
	for segment := range 4 {
		got = append(got, h.ledger("exp", 1).cell(0, 1, 2, 1+segment).Units)
	}
	require.Equal(t, []int64{2, 1, 0, 3}, got)
}

// An earlier exposure that comes later moves the unit to its own segments, with all that it has.
func TestAnEarlierExposureMovesTheSegment(t *testing.T) {
	h := newHarness(t, segmented())
	h.pipe(from(exposed("x", "u1", "A", 4), map[string]string{"country": "DE"}), bought("p", "u1", "3", 5))
	h.commit()
	h.pipe(from(exposed("w", "u1", "A", 3), map[string]string{"country": "FR"}))
	h.pipe(from(exposed("z", "u1", "A", 6), map[string]string{"country": "IT", "vip": "true"})) // a later one moves nothing
	moved := "live 0/1/1 0/300/90000 matured 0/0/0 0/0/0 excluded 0 corrections 0 crossed 0 nonzero [0 0]"
	h.wantSegments("segment 2 A@1 units 1 seen 0 "+moved, "segment 5 A@1 units 1 seen 0 "+moved)
	h.pipe(exposed("y", "u1", "B", 6))
	gone := "live 0/0/0 0/0/0 matured 0/0/0 0/0/0 excluded 1 corrections 0 crossed 0 nonzero [0 0]"
	h.wantSegments("segment 2 A@1 units 0 seen 0 "+gone, "segment 5 A@1 units 0 seen 0 "+gone)
	h.idle(8)
	gone = "live 0/0/0 0/0/0 matured 0/0/0 0/0/0 excluded 1 corrections 0 crossed 1 nonzero [0 0]"
	h.wantSegments("segment 2 A@1 units 0 seen 1 "+gone, "segment 5 A@1 units 0 seen 1 "+gone)
}

func TestListedAndHeldOutUnitsAreCountedAndNotAnalysed(t *testing.T) {
	half := &experiment.Holdout{Name: "all", Share: 0.5}
	h := newHarness(t, shop(func(d *experiment.Definition) {
		d.Exclude.Units, d.Holdout, d.Segments = []string{"qa-1", "u2"}, half, byCountry
	}))
	held, kept := "", ""
	for _, unit := range []string{"a", "b", "c", "d", "e", "f"} {
		if half.Holds([]byte(unit)) {
			held = unit
		} else {
			kept = unit
		}
	}
	for i, unit := range []string{"qa-1", held, kept} {
		h.pipe(exposed("x", unit, "A", float64(i)), bought("p", unit, "1", 3), exposed("z", unit, "B", -2000)) // the last one is before start
	}
	h.pipe(exposed("y", held, "B", 4), bought("p2", "qa-1", "1", 5))
	h.want("A@1 units 1 seen 0 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "before_start 1", "left out listed 1", "left out holdout 1")
	h.restart()
	h.idle(90)
	h.pipe(bought("p3", held, "1", 50))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 1/1/1 1/100/10000", "before_start 1", "left out listed 1", "left out holdout 1")
}

func TestAHoldoutIsAShareOfUnitsByItsName(t *testing.T) {
	a, b := &experiment.Holdout{Name: "a", Share: 0.1}, &experiment.Holdout{Name: "b", Share: 0.1}
	wide := &experiment.Holdout{Name: "a", Share: 0.3}
	inA, both := 0, 0
	for i := range 20_000 {
		unit := []byte{byte('0' + i%10), byte('0' + i/10%10), byte('0' + i/100%10), byte('0' + i/1000%10), byte('0' + i/10_000)}
		if a.Holds(unit) {
			inA++
			require.True(t, wide.Holds(unit), "a larger share holds whom the smaller one does")
			if b.Holds(unit) {
				both++
			}
		}
	}
	require.InDelta(t, 2000, inA, 250)
	require.InDelta(t, 200, both, 80)
}
