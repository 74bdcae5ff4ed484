package units

import (
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// segments are what a unit counts in: all units, which is 0, and its segment of each dimension. Zeros behind are none.
type segments [1 + experiment.MaxDimensions]uint16

// list gives them, 0 first.
func (s *segments) list() []uint16 {
	n := 1
	for n < len(s) && s[n] != 0 {
		n++
	}
	return s[:n]
}

// dimension is a prop by whose values units are counted too; first is the segment of the first value.
type dimension struct {
	prop   string
	values []string
	first  int
}

func (x *run) compileSegments(dimensions []experiment.Dimension) {
	next := 1
	for _, d := range dimensions {
		x.dimensions = append(x.dimensions, dimension{prop: d.Prop, values: d.Values, first: next})
		next += len(d.Values) + 1
	}
	x.segments = next - 1
}

// segmentsOf are those of the unit whose first exposure an event is.
func (x *run) segmentsOf(ev *event.Event) (s segments) {
	for i := range x.dimensions {
		s[1+i] = uint16(x.dimensions[i].segment(ev))
	}
	return s
}

// segment is that of an exposure; behind those of the values is the one of everything else.
func (d *dimension) segment(ev *event.Event) int {
	for i, value := range d.values {
		if ev.Where(d.prop, value) {
			return d.first + i
		}
	}
	return d.first + len(d.values)
}
