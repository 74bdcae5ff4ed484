package replay

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs/event"
)

// Events reads the file for the second time and yields its events in file order: of each row the exposure, then one
// event per metric that counts it, in the order of the flags. An event and its bytes are valid until yield returns.
// It stops at the first error of yield and returns it. Calling it again yields the same events.
func (p *Plan) Events(yield func(ev *event.Event) error) error {
	if p.expansion != nil {
		return p.expansion.events(p.Definition.Experiment, p.Run, yield)
	}
	e := p.newEmitter(yield)
	badRows := 0
	err := p.pass(&reader{
		row:      e.row,
		bad:      func(int, error) { badRows++ },
		unchosen: func() {},
	})
	if err == nil && (e.rows != p.Rows || badRows != p.BadRows) {
		err = fmt.Errorf("%s: has changed since it was first read", p.cfg.File)
	}
	return err
}

// emitter makes events of rows.
type emitter struct {
	plan     *Plan
	yield    func(ev *event.Event) error
	ids      *identity
	variants map[string][]byte
	suffixes []string
	rows     int

	ev       event.Event
	id, unit []byte
	props    []event.Prop // of exposures, scratch
}

func (p *Plan) newEmitter(yield func(ev *event.Event) error) *emitter {
	e := &emitter{
		plan:     p,
		yield:    yield,
		ids:      newIdentity(p.Definition.Experiment, p.Run, p.Rows),
		variants: map[string][]byte{},
	}
	for _, v := range p.Definition.Variants {
		e.variants[v.Name] = []byte(v.Name)
	}
	for _, m := range p.Definition.Metrics {
		e.suffixes = append(e.suffixes, suffix(m.Name))
	}
	return e
}

func (e *emitter) row(cells []string, r *row) error {
	if r.conflict != "" && e.plan.conflicts[r.conflict] {
		return nil
	}
	e.rows++
	e.id = e.ids.append(e.id[:0], cells)
	e.unit = append(e.unit[:0], r.unit...)
	if e.plan.mapping.unit == none {
		e.unit = append(e.unit[:0], e.id...)
	}
	if r.exposed {
		if err := e.expose(r); err != nil {
			return err
		}
	}
	for i := range r.marks {
		if r.marks[i].counts {
			if err := e.measure(r, i); err != nil {
				return err
			}
		}
	}
	return nil
}

var exposure = []byte("exposure")

func (e *emitter) expose(r *row) error {
	variant, known := e.variants[r.variant]
	if !known {
		return fmt.Errorf("%s: has changed since it was first read: variant %q is new", e.plan.cfg.File, r.variant)
	}
	e.ev = event.Event{
		ID: e.id, Type: exposure, Unit: e.unit, Time: r.time,
		Experiment: []byte(e.plan.Definition.Experiment), Variant: variant, Props: e.propsOf(r),
	}
	return e.yield(&e.ev)
}

// propsOf are what a row says of its unit, by the columns of segments and of covariates.
func (e *emitter) propsOf(r *row) []event.Prop {
	e.props = e.props[:0]
	for i, d := range e.plan.mapping.dimensions {
		if r.segments[i] != "" {
			e.props = append(e.props, event.Prop{Key: []byte(d.column), Text: []byte(r.segments[i])})
		}
	}
	e.addCovariates(r)
	return e.props
}

// measure yields the event of the i-th metric; its type is the metric's name.
func (e *emitter) measure(r *row, i int) error {
	m := e.plan.mapping.measures[i]
	e.id = append(e.id[:idDigits], e.suffixes[i]...)
	e.ev = event.Event{
		ID: e.id, Type: []byte(m.name), Unit: e.unit, Time: r.time,
		Value: r.marks[i].value, HasValue: m.valued(),
	}
	err := e.yield(&e.ev)
	e.id = e.id[:idDigits]
	return err
}
