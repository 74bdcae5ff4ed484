package load

import (
	"strconv"

	"github.com/abacus-stream/abacus/codecs/event"
)

// The types of the events.
var (
	exposureType = []byte("exposure")
	purchaseType = []byte("purchase")
	callType     = []byte("api_call")
	errorType    = []byte("error")
)

// emit makes the event of e, and perhaps has it come again. Tagged events never do: they would count twice.
func (g *Generator) emit(e entry, at int64) *event.Event {
	if !e.timed {
		e.timed, e.time = true, at
	}
	g.truth.Events++
	switch {
	case e.duplicate:
		g.truth.Duplicates++
	case e.kind == called:
		g.truth.Tagged++
	case g.cfg.Duplicates > 0 && g.random.Float64() < g.cfg.Duplicates:
		e.duplicate = true
		g.wheel.put(g.slot+g.random.Uint64N(g.reach), e)
	}
	g.fill(&e)
	return &g.ev
}

func (g *Generator) fill(e *entry) {
	g.unit = strconv.AppendUint(append(g.unit[:0], g.prefix...), e.unit, 36)
	g.id = append(append(g.id[:0], g.unit...), byte(e.kind))
	g.ev = event.Event{ID: g.id, Unit: g.unit, Time: e.time}
	switch e.kind {
	case bought, again:
		g.ev.Type, g.ev.Value, g.ev.HasValue = purchaseType, event.NewDecimal(e.amount, 2), true
	case failed:
		g.ev.Type = errorType
	case called:
		g.ev.Type, g.ev.Value, g.ev.HasValue = callType, event.NewDecimal(e.amount, 1), true
		g.ev.Unit, g.ev.Experiment, g.ev.Variant = nil, g.tags.name, g.tags.variants[e.variant].name
	default:
		a := &g.arms[e.experiment]
		g.ev.Type, g.ev.Experiment, g.ev.Variant = exposureType, a.name, a.variants[e.variant].name
	}
}
