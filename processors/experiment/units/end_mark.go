package units

import (
	"github.com/abacus-stream/abacus/codecs/event"
)

// endOfInput matures every unit of an experiment that this task has. The mark itself is neither kept nor counted.
func (p *processor) endOfInput(ev *event.Event) error {
	p.ctx.Count("end_marks", 1)
	x := p.catalog.byName[string(ev.Experiment)]
	if x == nil {
		p.fail(event.UnknownExperiment, nil)
		return nil
	}
	keys, err := p.rowsOf(x)
	if err != nil {
		return err
	}
	for _, key := range keys {
		p.key = append(p.key[:0], key...)
		if err := p.loadKey(); err != nil {
			return err
		}
		p.matureIn(x, &p.row.Enrolments[p.row.enrolment(x)], never)
		if err := p.save(); err != nil {
			return err
		}
	}
	return nil
}
