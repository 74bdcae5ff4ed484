package replay

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
)

// tally counts events as an engine must: first exposure by time, events at or after it, every id once, totals by unit.
type tally struct {
	t       *testing.T
	plan    *Plan
	units   map[string]*tallied
	ids     map[string]bool
	events  int
	pending []pendingEvent
}

type tallied struct {
	variant string
	first   int64
	sums    map[string]int64 // by metric, scaled
}

type pendingEvent struct {
	unit, metric string
	time, value  int64
}

func newTally(t *testing.T, plan *Plan) *tally {
	return &tally{t: t, plan: plan, units: map[string]*tallied{}, ids: map[string]bool{}}
}

// feed takes all events of the plan in; feeding twice must change nothing.
func (c *tally) feed(plan *Plan) {
	var scanner event.Scanner
	require.NoError(c.t, plan.Events(func(ev *event.Event) error {
		c.events++
		var read event.Event
		scanner.Scan(event.Append(nil, ev), &read) // what the engine will see
		require.Equal(c.t, event.None, read.Fault, "%s", event.Append(nil, ev))
		if !c.ids[string(read.ID)] {
			c.ids[string(read.ID)] = true
			c.take(&read)
		}
		return nil
	}))
}

func (c *tally) take(ev *event.Event) {
	if !ev.Exposure() {
		p := pendingEvent{unit: string(ev.Unit), metric: string(ev.Type), time: ev.Time, value: 1}
		if ev.HasValue {
			value, rounded, ok := ev.Value.Scaled(c.decimals(p.metric))
			require.True(c.t, ok)
			require.False(c.t, rounded && c.decimals(p.metric) < maxDecimals, "%s %s", p.metric, ev.Value)
			p.value = value
		}
		c.pending = append(c.pending, p)
		return
	}
	require.Equal(c.t, c.plan.Definition.Experiment, string(ev.Experiment))
	u := c.units[string(ev.Unit)]
	if u == nil {
		u = &tallied{variant: string(ev.Variant), first: ev.Time, sums: map[string]int64{}}
		c.units[string(ev.Unit)] = u
	}
	require.Equal(c.t, u.variant, string(ev.Variant), "unit %s in two variants", ev.Unit)
	u.first = min(u.first, ev.Time)
}

func (c *tally) decimals(metric string) int {
	for _, m := range c.plan.Definition.Metrics {
		if m.Name == metric && m.Decimals != nil {
			return *m.Decimals
		}
	}
	return 0
}

// moments returns, of one metric in one variant, the units, how many have a total that is not 0, and sum, mean and variance.
func (c *tally) moments(metric, variant string) (n, converted int64, mean, variance float64) {
	for _, p := range c.pending {
		if u := c.units[p.unit]; u != nil && p.metric == metric && p.time >= u.first {
			u.sums[metric] += p.value
		}
	}
	unit := 1.0
	for range c.decimals(metric) {
		unit *= 10
	}
	limit := c.limit(metric)
	var sum, squares float64
	for _, u := range c.units {
		if u.variant != variant {
			continue
		}
		n++
		total := min(float64(u.sums[metric])/unit, limit)
		if u.sums[metric] != 0 {
			converted++
		}
		sum += total
		squares += total * total
		delete(u.sums, metric)
	}
	for _, u := range c.units {
		delete(u.sums, metric)
	}
	mean = sum / float64(n)
	return n, converted, mean, (squares - sum*mean) / float64(n-1)
}

func (c *tally) limit(metric string) float64 {
	for _, m := range c.plan.Definition.Metrics {
		if m.Name == metric && m.Cap != nil {
			limit, ok := parseNumber(string(*m.Cap))
			require.True(c.t, ok)
			return limit
		}
	}
	return 1e300
}
