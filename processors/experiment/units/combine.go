package units

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/quantile"
	"github.com/abacus-stream/abacus/topology"
)

// sums combines all changes of one run between two commits. It is emptied, not thrown away, so a busy experiment costs no memory.
// Only what matures has a pane of maturity; its cells begin anew with each commit.
type sums struct {
	variants, metrics int
	places            []place
	joints            []joint
	stride            int       // cells of a key
	keys              []cellKey // ascending
	cells             []cell    // by key, segment, then variant; 0 is the segment of all units
	latest            int       // in keys: the one used last
	panes             panes
	dropped           [experiment.Drops]int64
	excluded          int64
	corrections       int64
	leftOut           [experiment.Causes]int64
	made              []cell           // scratch of insert
	delta             experiment.Delta // scratch of emit
}

// cell is one variant in one allocation epoch, all of it or one segment. It has no sums before it is first used.
type cell struct {
	units, firstSeen, crossed int64
	excluded, corrections     int64 // of segments
	live, matured             []stats.Sums
	nonZero, drawn            []int64
	joint                     []jointSums       // by joint of the run
	values                    []quantile.Sketch // by place
	jointDelta                []experiment.JointSums
	bins                      []experiment.Bins // scratch of emit
}

func newSums(x *run) *sums {
	variants, metrics := len(x.variants), x.shown
	return &sums{
		variants: variants, metrics: metrics, places: x.places, joints: x.joints, stride: variants * (1 + x.segments),
		panes: newPanes(variants, metrics),
	}
}

// cellKey is what the cells of all variants and segments have in common: the pane of maturity, 0 for what counts at once, and the epoch.
type cellKey struct{ ripe, epoch int64 }

func compareKeys(a, b cellKey) int {
	return cmp.Or(cmp.Compare(a.ripe, b.ripe), cmp.Compare(a.epoch, b.epoch))
}

// cell finds or makes the cell of what counts at once; segment 0 is all units.
func (s *sums) cell(variant int, epoch int64, segment uint16) *cell {
	return s.cellOf(variant, cellKey{0, epoch}, segment)
}

// ripe finds or makes the cell of what matures at a stream time.
func (s *sums) ripe(variant int, epoch, at int64, segment uint16) *cell {
	return s.cellOf(variant, cellKey{paneOf(at), epoch}, segment)
}

func (s *sums) cellOf(variant int, key cellKey, segment uint16) *cell {
	if s.latest >= len(s.keys) || s.keys[s.latest] != key {
		at, known := slices.BinarySearchFunc(s.keys, key, compareKeys)
		if s.latest = at; !known {
			s.insert(at, key)
		}
	}
	c := &s.cells[s.latest*s.stride+int(segment)*s.variants+variant]
	if c.nonZero == nil {
		s.open(c)
	}
	return c
}

// open gives a cell its sums.
func (s *sums) open(c *cell) {
	room := make([]stats.Sums, 2*s.metrics)
	counts := make([]int64, 2*s.metrics)
	c.live, c.matured = room[:s.metrics:s.metrics], room[s.metrics:]
	c.nonZero, c.drawn = counts[:s.metrics:s.metrics], counts[s.metrics:]
	c.values, c.joint = make([]quantile.Sketch, len(s.places)), make([]jointSums, len(s.joints))
}

// insert makes the cells of a key. Those that reset took away come back, with their memory.
func (s *sums) insert(at int, key cellKey) {
	s.keys = slices.Insert(s.keys, at, key)
	for range s.stride {
		grow(&s.cells)
	}
	s.made = append(s.made[:0], s.cells[len(s.cells)-s.stride:]...)
	copy(s.cells[(at+1)*s.stride:], s.cells[at*s.stride:])
	copy(s.cells[at*s.stride:], s.made)
}

// flush sends one delta for each run that changed, by name, then run, and empties the sums.
func (p *processor) flush() error {
	p.changed = append(append(p.changed[:0], p.retired...), p.catalog.runs...)
	clear(p.retired)
	p.retired = p.retired[:0]
	slices.SortStableFunc(p.changed, func(a, b *run) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.number, b.number))
	})
	for _, x := range p.changed {
		d, any := x.sums.emit()
		if any {
			d.Run, d.Version = x.number, x.versions[len(x.versions)-1].number
			rec := topology.Record[string, *experiment.Delta]{Key: x.name, Value: d, Time: max(p.ctx.StreamTime(), 0)}
			if err := p.send(&rec); err != nil {
				return err
			}
		}
		x.sums.reset()
	}
	return nil
}

// emit gives the delta, valid until reset; false if nothing changed.
func (s *sums) emit() (d *experiment.Delta, any bool) {
	d = &s.delta
	*d = experiment.Delta{Cells: d.Cells[:0], Panes: d.Panes[:0], Excluded: s.excluded, Corrections: s.corrections, Dropped: s.dropped, LeftOut: s.leftOut}
	for i := range s.cells {
		if c := &s.cells[i]; !c.empty() {
			d.Cells = append(d.Cells, s.cellDelta(i))
		}
	}
	d.Panes = s.panes.appendTo(d.Panes)
	some := len(d.Cells) > 0 || len(d.Panes) > 0 || d.Excluded != 0 || d.Corrections != 0 || d.Dropped != [experiment.Drops]int64{} ||
		d.LeftOut != [experiment.Causes]int64{}
	return d, some
}

// cellDelta is the cell at a place as it is sent. What counts at once has no matured sums, what matures of units no live ones.
func (s *sums) cellDelta(i int) experiment.CellDelta {
	c, key := &s.cells[i], s.keys[i/s.stride]
	d := experiment.CellDelta{
		Variant: i % s.variants, Epoch: key.epoch, Segment: i % s.stride / s.variants, Units: c.units, FirstSeen: c.firstSeen, Crossed: c.crossed, Ripe: key.ripe,
		Live: c.live, Matured: c.matured, NonZero: c.nonZero, Drawn: c.drawn, Bins: s.binsOf(c), Joint: s.jointOf(c), Excluded: c.excluded, Corrections: c.corrections,
	}
	switch {
	case c.units != 0 && key.ripe != 0: // events that are units
		d.Matured = nil
	case key.ripe != 0:
		d.Live = nil
	default:
		d.Matured = nil
	}
	return d
}

func (c *cell) empty() bool {
	if c.units != 0 || c.firstSeen != 0 || c.crossed != 0 || c.excluded != 0 || c.corrections != 0 {
		return false
	}
	for i := range c.live {
		if c.live[i] != (stats.Sums{}) || c.matured[i] != (stats.Sums{}) {
			return false
		}
	}
	for i := range c.joint {
		if j := &c.joint[i]; !emptyJoint(&j.live) || !emptyJoint(&j.matured) {
			return false
		}
	}
	return !slices.ContainsFunc(c.values, func(s quantile.Sketch) bool { return !s.Empty() })
}

func (s *sums) reset() {
	for i := range s.cells {
		c := &s.cells[i]
		c.units, c.firstSeen, c.crossed, c.excluded, c.corrections = 0, 0, 0, 0, 0
		clear(c.live)
		clear(c.matured)
		clear(c.nonZero)
		clear(c.drawn)
		for j := range c.values {
			c.values[j].Reset()
		}
		for j := range c.joint {
			c.joint[j].live.Clear()
			c.joint[j].matured.Clear()
		}
	}
	lasting := 0 // what counts at once comes first
	for lasting < len(s.keys) && s.keys[lasting].ripe == 0 {
		lasting++
	}
	s.keys, s.cells = s.keys[:lasting], s.cells[:lasting*s.stride]
	s.panes.reset()
	s.dropped, s.excluded, s.corrections, s.leftOut = [experiment.Drops]int64{}, 0, 0, [experiment.Causes]int64{}
}
