package verify

import (
	"fmt"
	"strings"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// metric is one metric; times in ms, the cap scaled by the decimals.
type metric struct {
	name, kind, event string
	delay, window     int64
	decimals          int
	cap               *int64
	key, text         string // of where; no key: every event
	ofUnit            bool   // quantiles of unit totals
	parts             []int  // of a ratio: numerator and denominator, by index
	before            *before
}

// newMetric resolves a metric; a cap that is no number is an error.
func newMetric(m experiment.Metric) (metric, error) {
	out := metric{
		name: m.Name, kind: m.Kind, event: m.Event, decimals: defaultDecimals,
		delay: ms(m.Delay, 0), window: ms(m.Window, defaultWindow),
	}
	if m.Decimals != nil {
		out.decimals = *m.Decimals
	}
	switch m.Kind {
	case "conversion", "count":
		out.decimals = 0
	case "mean", "quantile", "last":
		out.ofUnit = m.Of == "unit"
	case "ratio":
		out.event = "" // its parts take events
	default:
		out.event, out.delay, out.window = "", 0, 0 // sums of other kinds are not kept: it takes nothing
	}
	out.key, out.text = condition(m.Where)
	if m.Cap == nil {
		return out, nil
	}
	d, ok := parseDecimal(string(*m.Cap))
	if !ok {
		return out, fmt.Errorf("cap %q is no number", *m.Cap)
	}
	if limit, _, fits := d.scaled(out.decimals); fits {
		out.cap = &limit
	}
	return out, nil
}

// condition takes a where apart.
func condition(where string) (key, text string) {
	key, text, _ = strings.Cut(where, "=")
	return key, text
}

// takes says whether the metric is about events like e.
func (m *metric) takes(e *event) bool {
	return m.event != "" && m.event == e.kind && (m.key == "" || e.where(m.key, m.text))
}

// span is the longest time after a first exposure at which an event may count; never for unlimited windows.
func (m *metric) span() int64 {
	if m.window >= int64(experiment.Unlimited) || m.delay >= int64(experiment.Unlimited) {
		return never
	}
	return m.delay + m.window
}

// summed says whether sums of the metric are kept.
func (m *metric) summed() bool {
	return m.kind == "conversion" || m.kind == "count" || m.kind == "mean" || m.kind == "last" || m.kind == "ratio"
}

// valued says whether the metric takes values; others count events.
func (m *metric) valued() bool { return m.kind == "mean" || m.kind == "quantile" || m.kind == "last" }

// counted says whether the metric is in records.
func (m *metric) counted() bool { return m.summed() || m.kind == "quantile" }

// covers says whether an event time is inside the attribution window.
func (m *metric) covers(first, ts int64) bool {
	from := after(first, m.delay)
	return ts >= from && ts < after(from, m.window)
}

// value is what an event adds to the unit's total; there is false where one that takes values finds none.
func (m *metric) value(e *event) (v int64, rounded, there bool) {
	if !m.valued() {
		return 1, false, true
	}
	if e.value == nil {
		return 0, false, false
	}
	v, rounded, _ = e.value.scaled(m.decimals)
	return v, rounded, true
}

// total is the unit's total of a metric from its raw one.
func (m *metric) total(raw int64) int64 {
	if m.kind == "conversion" {
		return min(raw, 1)
	}
	if m.cap != nil {
		return min(raw, *m.cap)
	}
	return raw
}
