package processors

import (
	"math"

	"github.com/abacus-stream/abacus/topology"
)

// emission is when a node forwards the results of its windows that have changed: at each commit,
// and each time stream time passes a multiple of period.
type emission struct {
	ctx    topology.Context
	period int64 // ms, 0: none
	since  int64 // the multiple of period up to which changes have been forwarded
	ticker *topology.Timer
}

// start registers what forwards. Call it in Init.
func (e *emission) start(ctx topology.Context, p panes, flush func() error) {
	e.ctx, e.period = ctx, p.every
	if p.emit&OnUpdate != 0 {
		ctx.OnFlush(flush)
	}
	if e.period == 0 {
		return
	}
	e.since = e.passed()
	e.ticker = ctx.OnStreamTime(func(int64) error {
		e.since = e.passed()
		return flush()
	})
}

// passed is the last multiple of the period that stream time has passed.
func (e *emission) passed() int64 {
	if now := e.ctx.StreamTime(); now != math.MinInt64 {
		return floor(now, e.period)
	}
	return math.MinInt64
}

// owe says that there is a change to forward.
func (e *emission) owe() {
	if e.period > 0 {
		e.ticker.Sooner(e.passed() + e.period)
	}
}
