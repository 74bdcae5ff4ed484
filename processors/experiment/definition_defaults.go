package experiment

import (
	"maps"
	"slices"
)

// The words of a definition, as the document writes them.
const (
	unitUser, unitEvent   = "user", "event"
	byEvent, byOther      = "event", "other"
	exclude, keepFirst    = "exclude", "first"
	increase, decrease    = "increase", "decrease"
	conversion            = "conversion"
	count                 = "count"
	mean                  = "mean"
	quantiles             = "quantile"
	last                  = "last"
	ofEvent, ofUnit       = "event", "unit"
	defaultScale          = 6
	defaultAlpha          = 0.05
	defaultWindow         = 7 * day
	guardrailWindow       = 10 * minute
	defaultMargin         = 0.01
	defaultGrace          = 5 * second
	defaultDedup          = day
	defaultTraffic        = 1.0
	stopOnHarm, alertHarm = "stop", "alert"
)

// grains are the windows that this version publishes, with how long their records are kept.
var grains = map[string]Duration{"1s": 10 * minute, "5s": hour, "60s": 7 * day, "sliding 60s": 10 * minute}

// grainLengths are the same in ms.
var grainLengths = map[string]Duration{"1s": second, "5s": 5 * second, "60s": minute, "sliding 60s": minute}

var defaultWindows = []string{"1s", "60s"}

var defaultQuantiles = []float64{0.5, 0.95, 0.99}

// Defaults writes every default into the fields that are zero. It may be called again: nothing changes then.
func (d *Definition) Defaults() {
	fill(&d.Unit, unitUser)
	if d.Unit == unitEvent {
		fill(&d.RandomisedBy, byOther)
	}
	if d.Traffic == nil {
		all := defaultTraffic
		d.Traffic = &all
	}
	if d.Layer != nil {
		layer := *d.Layer
		fill(&layer.To, 1)
		d.Layer = &layer
	}
	fill(&d.MultipleVariants, exclude)
	d.Segments = slices.Clone(d.Segments)
	for i := range d.Segments {
		fill(&d.Segments[i].Prop, d.Segments[i].Name)
	}
	fill(&d.Grace, defaultGrace)
	fill(&d.DedupFor, defaultDedup)
	d.Metrics = slices.Clone(d.Metrics)
	for i := range d.Metrics {
		if d.Metrics[i].Kind != ratio {
			d.Metrics[i].defaults()
		}
	}
	for i := range d.Metrics {
		if d.Metrics[i].Kind == ratio {
			d.Metrics[i].ratioDefaults(d)
		}
	}
	if d.Windows == nil {
		d.Windows = slices.Clone(defaultWindows)
	}
	kept := maps.Clone(grains)
	maps.Copy(kept, d.Retention)
	d.Retention = kept
	fill(&d.Decision.Alpha, defaultAlpha)
}

func (m *Metric) defaults() {
	if m.Guardrail {
		fill(&m.Window, guardrailWindow)
		fill(&m.OnHarm, alertHarm)
		fill(&m.Margin, defaultMargin)
	}
	fill(&m.Window, defaultWindow)
	fill(&m.Goal, increase)
	if m.Valued() && m.Decimals == nil {
		scale := defaultScale
		m.Decimals = &scale
	}
	if m.Kind == quantiles {
		fill(&m.Of, ofEvent)
		if m.Quantiles == nil {
			m.Quantiles = slices.Clone(defaultQuantiles)
		}
	}
	m.covariateDefaults()
}

// Valued says whether the kind is one that takes the values of events; the others count events.
func (m *Metric) Valued() bool { return m.Kind == mean || m.Kind == quantiles || m.Kind == last }

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Scale is the number of decimals that values of the metric are kept with: its own where it takes values, else 0.
func (m *Metric) Scale() int {
	switch {
	case !m.Valued():
		return 0
	case m.Decimals == nil:
		return defaultScale
	}
	return *m.Decimals
}
