package experiment

import (
	"math"
	"slices"
	"strconv"

	"github.com/abacus-stream/abacus/codecs/event"
)

const maxScale = 9

// reserved are the types of events that are no metric events.
var reserved = []string{"exposure", "retract", "abacus.end_of_input"}

// metricPath names a metric in the paths of faults: by its name where it has a proper one, else by its place.
func metricPath(name string, at int) string {
	if metricName.MatchString(name) {
		return name
	}
	return strconv.Itoa(at)
}

// validate checks a metric that has its defaults.
func (m *Metric) validate(f *faults) {
	f.check(!metricName.MatchString(m.Name), "name", "%q is no name, want a to z, 0 to 9, _ and -, at most 63, not _ or - first", m.Name)
	f.check(m.Kind == "", "kind", "is missing, want conversion, count, mean, quantile, last or ratio")
	f.oneOf("kind", m.Kind, conversion, count, mean, quantiles, last, ratio)
	if m.Kind != ratio {
		m.validateEvents(f)
	}
	m.validateValue(f)
	m.validateCovariate(f)
	m.validateVerdict(f)
}

// validateEvents checks which events count.
func (m *Metric) validateEvents(f *faults) {
	f.check(m.Event == "", "event", "is missing, want the type of the events that it counts")
	f.check(slices.Contains(reserved, m.Event), "event", "%q is reserved, its events are no metric events", m.Event)
	f.check(m.Window <= 0, "window", "want more than 0, or unlimited")
	f.check(m.Delay < 0, "delay", "is negative")
	f.check(m.Delay >= Unlimited, "delay", "cannot be unlimited: nothing would ever count")
	if _, _, err := ParseWhere(m.Where); err != nil {
		f.add("where", "%w", err)
	}
	f.check(m.Numerator != "" || m.Denominator != "", "numerator", "and denominator are for kind ratio only, leave them out")
}

// validateValue checks how values are summed.
func (m *Metric) validateValue(f *faults) {
	f.check(!m.Valued() && m.Decimals != nil, "decimals", "is for kinds mean, quantile and last only, leave it out")
	m.validateQuantiles(f)
	if scale := m.Scale(); scale < 0 || scale > maxScale {
		f.add("decimals", "%d, want 0 to %d", scale, maxScale)
		return // no cap fits it
	}
	if m.Cap == nil {
		return
	}
	v, exact, fits := m.Cap.Scaled(m.Scale())
	_, number := event.ParseDecimal([]byte(*m.Cap))
	switch {
	case m.Kind == conversion:
		f.add("cap", "is for kinds count, mean and last only, leave it out: a unit converts once")
	case m.Kind == ratio:
		f.add("cap", "is for kinds count, mean and last only, leave it out: a ratio has the caps of its parts")
	case m.Kind == quantiles:
		f.add("cap", "is for kinds count, mean and last only, leave it out: quantiles need none")
	case !number:
		f.add("cap", "%q is no number, want one such as 500", string(*m.Cap))
	case !fits:
		f.add("cap", "%s is beyond 2^53 at %d decimals, want less, or fewer decimals", string(*m.Cap), m.Scale())
	case !exact:
		f.add("cap", "%s has more than %d decimals, want as many as the metric or fewer", string(*m.Cap), m.Scale())
	case v <= 0:
		f.add("cap", "%s, want more than 0", string(*m.Cap))
	}
}

const maxQuantiles = 16

// validateQuantiles checks which quantiles are asked for, and of what.
func (m *Metric) validateQuantiles(f *faults) {
	if m.Kind != quantiles {
		f.check(len(m.Quantiles) > 0, "quantiles", "is for kind quantile only, leave it out")
		f.check(m.Of != "", "of", "is for kind quantile only, leave it out")
		return
	}
	f.oneOf("of", m.Of, ofEvent, ofUnit)
	f.check(len(m.Quantiles) == 0, "quantiles", "want at least one, such as 0.5")
	f.check(len(m.Quantiles) > maxQuantiles, "quantiles", "%d are too many, want at most %d", len(m.Quantiles), maxQuantiles)
	for i, q := range m.Quantiles {
		f.check(!(q > 0 && q < 1), "quantiles", "%v, want more than 0, less than 1", q)
		f.check(slices.Index(m.Quantiles, q) < i, "quantiles", "%v is given twice", q)
	}
	f.check(m.Primary, "primary", "is not for kind quantile: quantiles hold for one look and have no verdict")
	f.check(m.Guardrail, "guardrail", "is not for kind quantile: quantiles hold for one look and have no verdict")
}

// validateUnit checks kinds that are of units only.
func (m *Metric) validateUnit(f *faults, unit string) {
	f.check(unit == unitEvent && m.Kind == last, "kind", "last is for experiments on units, want mean: of unit: event each event is its own unit")
	f.check(unit == unitEvent && m.Of == ofUnit, "of", "unit is for experiments on units, leave it out: of unit: event each event is its own unit")
	f.check(unit == unitEvent && m.Covariate != nil, "covariate", "is for experiments on units, leave it out: an event has nothing before it")
}

// validateVerdict checks what verdicts are made with.
func (m *Metric) validateVerdict(f *faults) {
	f.oneOf("goal", m.Goal, increase, decrease)
	f.oneOf("on_harm", m.OnHarm, stopOnHarm, alertHarm)
	f.check(m.OnHarm != "" && !m.Guardrail, "on_harm", "needs guardrail: true")
	f.check(m.Guardrail && m.Goal == increase && m.Margin >= 1, "margin", "%v, want less than 1: nothing falls by more than all of it", m.Margin)
	f.check(!(m.Margin >= 0) || math.IsInf(m.Margin, 0), "margin", "%v, want 0 or more", m.Margin)
	f.check(m.Margin > 0 && !m.Guardrail, "margin", "needs guardrail: true")
}
