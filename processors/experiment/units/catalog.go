package units

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// Defaults that a task has while it knows no experiment, ms.
const (
	leastGrace   = 5_000
	defaultDedup = 24 * 3_600_000
)

// catalog is what the task has adopted of the registry, compiled: built anew with each adoption, read by every event.
type catalog struct {
	runs   []*run // by name
	byName map[string]*run
	byHash map[uint64]*run
	kinds  map[string]*eventType // by the type of a metric event, of experiments on units
	grace  int64                 // of the task: watermarks, panes, waiting events
	dedup  int64                 // of units never exposed
}

// eventType is one type of metric events: who may take it.
type eventType struct {
	takers []taker // by experiment, then metric
	reach  int64   // how long after its time an event may still count, or be known
	bySet  map[uint64]*class
}

// taker is one metric of one run.
type taker struct {
	run    *run
	metric int
}

// newCatalog compiles the lookups over runs.
func newCatalog(runs []*run) catalog {
	c := catalog{runs: runs, byName: map[string]*run{}, byHash: map[uint64]*run{}, kinds: map[string]*eventType{}, grace: leastGrace}
	slices.SortFunc(c.runs, func(a, b *run) int { return cmp.Compare(a.name, b.name) })
	for _, x := range c.runs {
		c.byName[x.name], c.byHash[x.hash] = x, x
		c.grace = max(c.grace, x.grace)
		if !x.perEvent {
			c.dedup = max(c.dedup, x.dedup, x.memory)
			c.addTakers(x)
		}
	}
	if c.dedup == 0 {
		c.dedup = defaultDedup
	}
	return c
}

func (c *catalog) addTakers(x *run) {
	for i := range x.metrics {
		m := &x.metrics[i]
		if m.event == "" {
			continue
		}
		k := c.kinds[m.event]
		if k == nil {
			k = &eventType{bySet: map[uint64]*class{}}
			c.kinds[m.event] = k
		}
		k.takers = append(k.takers, taker{x, i})
		k.reach = max(k.reach, plus(plus(m.useful(), x.grace), x.dedup))
	}
}

// enrolled is the run of an enrolment, nil when it is not in the catalog: what the row holds of it rests.
func (c *catalog) enrolled(e *Enrolment) *run {
	if x := c.byHash[e.Experiment]; x != nil && x.number == e.Run {
		return x
	}
	return nil
}

// set gives the takers whose where holds as a set of bits; up to 64 of them.
func (k *eventType) set(ev *event.Event) (bits uint64) {
	for i, t := range k.takers {
		if t.run.metrics[t.metric].matches(ev) {
			bits |= 1 << i
		}
	}
	return bits
}

// forever is a span that does not end; sums of spans stay there.
const forever = int64(experiment.Unlimited)

// plus adds spans.
func plus(a, b int64) int64 {
	if a >= forever || b >= forever {
		return forever
	}
	return a + b
}

// after is the time a span after a time, never if the span does not end.
func after(at, span int64) int64 {
	if span >= forever {
		return never
	}
	return at + span
}
