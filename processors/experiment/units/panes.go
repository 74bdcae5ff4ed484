package units

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// second is the length of a pane in ms.
const second = 1000

// paneOf is the start of the pane of an event time, which is not before 2000.
func paneOf(at int64) int64 { return at - at%second }

// panes holds the panes that changed since the last commit. Events come in order of time, about: the pane used last for a
// variant is looked at first.
type panes struct {
	metrics int
	list    []experiment.PaneDelta
	index   map[paneKey]int
	last    []int // in list, by variant
}

type paneKey struct {
	start   int64
	variant int
}

func newPanes(variants, metrics int) panes {
	return panes{metrics: metrics, index: map[paneKey]int{}, last: make([]int, variants)}
}

// at finds or makes a pane; the pointer is valid until the next call.
func (p *panes) at(start int64, variant int) *experiment.PaneDelta {
	if i := p.last[variant]; i < len(p.list) && p.list[i].Start == start && p.list[i].Variant == variant {
		return &p.list[i]
	}
	key := paneKey{start, variant}
	i, known := p.index[key]
	if !known {
		i = len(p.list)
		p.index[key] = i
		fresh := grow(&p.list)
		room := fresh.Metrics[:0]
		for range p.metrics {
			room = append(room, experiment.PaneSums{})
		}
		for i := range fresh.Bins {
			fresh.Bins[i].Reset()
		}
		*fresh = experiment.PaneDelta{Variant: variant, Start: start, Metrics: room, Bins: fresh.Bins[:0]}
	}
	p.last[variant] = i
	return &p.list[i]
}

// appendTo appends the panes that are not empty, by start, then variant.
func (p *panes) appendTo(dst []experiment.PaneDelta) []experiment.PaneDelta {
	for i := range p.list {
		if !emptyPane(&p.list[i]) {
			dst = append(dst, p.list[i])
		}
	}
	slices.SortFunc(dst, func(a, b experiment.PaneDelta) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Variant, b.Variant))
	})
	return dst
}

func emptyPane(d *experiment.PaneDelta) bool {
	if d.UnitsNew != 0 || d.Late != 0 {
		return false
	}
	for i := range d.Metrics {
		if d.Metrics[i] != (experiment.PaneSums{}) {
			return false
		}
	}
	for i := range d.Bins {
		if !d.Bins[i].Empty() {
			return false
		}
	}
	return true
}

func (p *panes) reset() {
	p.list = p.list[:0]
	clear(p.index)
	clear(p.last)
}
