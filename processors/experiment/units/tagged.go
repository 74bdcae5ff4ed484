package units

import (
	"errors"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/cespare/xxhash/v2"
)

var errTag = errors.New("an event without a unit names a unit: event experiment")

// tag is the run of the unit: event experiment that a tagged event names; nil if the tag does not count.
func (p *processor) tag(ev *event.Event) *run {
	if !ev.Tagged() || string(ev.Type) == EndOfInput {
		return nil
	}
	if x := p.catalog.byName[string(ev.Experiment)]; x != nil && x.perEvent {
		return x
	}
	return nil
}

// unitless takes a tagged event without a unit whose tag does not count now: it may later.
func (p *processor) unitless(ev *event.Event) error {
	if x := p.tag(ev); x != nil {
		return p.tagged(x, ev)
	}
	if p.catalog.byName[string(ev.Experiment)] != nil {
		p.fail(event.NoUnit, errTag)
		return nil
	}
	return p.wait(ev)
}

// tagged counts an event of a unit: event experiment: no unit, no row, no duplicates.
func (p *processor) tagged(x *run, ev *event.Event) error {
	variant := x.variant(ev.Variant)
	switch {
	case variant < 0:
		p.fail(event.UnknownVariant, nil)
	case !x.inRange(ev):
		p.fail(event.ValueOutOfRange, nil)
	case ev.Time < x.start:
		x.sums.dropped[experiment.DropBeforeStart]++
	case ev.Time >= x.end:
		x.sums.dropped[experiment.DropAfterEnd]++
	default:
		p.countTagged(x, ev, variant)
	}
	return nil
}

func (p *processor) countTagged(x *run, ev *event.Event, variant int) {
	p.counts.tagged.N++
	c := p.cellOf(x, variant, ev)
	pane := x.sums.panes.at(paneOf(ev.Time), variant)
	c.units++
	pane.UnitsNew++
	if p.closed(pane.Start) {
		pane.Late++
	}
	var v verdict
	drawn := x.drawn(ev)
	p.totals = p.totals[:0]
	for range x.metrics {
		p.totals = append(p.totals, 0)
	}
	for i := range x.metrics {
		m := &x.metrics[i]
		if m.event != string(ev.Type) || !m.matches(ev) {
			continue
		}
		value := int64(1)
		if m.valued {
			if !ev.HasValue {
				v.empty = true
				continue
			}
			var rounded bool
			value, rounded, _ = ev.Value.Scaled(m.decimals)
			v.rounded = v.rounded || rounded
		}
		p.totals[i] = value
		p.countValue(x, c, i, value)
		if m.kind == conversion {
			c.drawn[i] += one(drawn)
		}
		pane.Metrics[i].Events++
		pane.Metrics[i].Sum = pane.Metrics[i].Sum.AddInt64(value)
		if m.valued && x.windowed {
			pane.BinsOf(i).Values.Add(value, 1)
		}
		if x.windowed && len(ev.Unit) > 0 {
			pane.BinsOf(i).Tagged.Add(xxhash.Sum64(ev.Unit))
		}
	}
	if len(x.joints) > 0 {
		c.countJoint(x, p.totals)
	}
	x.sums.dropped[experiment.DropRounded] += one(v.rounded)
	x.sums.dropped[experiment.DropNoValue] += one(v.empty)
}

// countValue adds one event to a metric of a cell.
func (p *processor) countValue(x *run, c *cell, metric int, value int64) {
	m := &x.metrics[metric]
	if m.kind == quantiles {
		c.values[m.place].Add(value, 1)
		return
	}
	total := m.total(value)
	c.live[metric].N += one(m.valued)
	c.live[metric].Replace(0, total)
	c.nonZero[metric] += one(total != 0)
}

// cellOf is the cell of an event that is a unit by itself. Where inference applies it matures at once: in its own pane, or with what
// matures now if that is closed.
func (p *processor) cellOf(x *run, variant int, ev *event.Event) *cell {
	epoch := x.epoch(ev.ConfigVersion, ev.Time)
	if !x.judged {
		return x.sums.cell(variant, epoch, 0)
	}
	at := ev.Time
	if p.closed(paneOf(at)) {
		at = p.ctx.StreamTime()
	}
	p.closeAfter(at)
	return x.sums.ripe(variant, epoch, at, 0)
}

// inRange says whether every metric of the run that takes the event can hold its value.
func (x *run) inRange(ev *event.Event) bool {
	for i := range x.metrics {
		m := &x.metrics[i]
		if !m.valued || !ev.HasValue || m.event != string(ev.Type) || !m.matches(ev) {
			continue
		}
		if _, _, ok := ev.Value.Scaled(m.decimals); !ok {
			return false
		}
	}
	return true
}
