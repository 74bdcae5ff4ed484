package experiment

import (
	"math"
	"slices"
	"strconv"

	"github.com/abacus-stream/abacus/codecs/event"
)

const maxScale = 9

// laterKinds are part of the format but not counted by this version.
var laterKinds = []string{"ratio", "quantile", "last"}

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
	if slices.Contains(laterKinds, m.Kind) {
		f.add("kind", "%s is not available in this version, want conversion, count or mean", m.Kind)
		return // its other fields mean nothing yet
	}
	f.check(m.Kind == "", "kind", "is missing, want conversion, count or mean")
	f.oneOf("kind", m.Kind, conversion, count, mean)
	f.check(m.Event == "", "event", "is missing, want the type of the events that it counts")
	f.check(slices.Contains(reserved, m.Event), "event", "%q is reserved, its events are no metric events", m.Event)
	f.check(m.Window <= 0, "window", "want more than 0, or unlimited")
	f.check(m.Delay < 0, "delay", "is negative")
	f.check(m.Delay >= Unlimited, "delay", "cannot be unlimited: nothing would ever count")
	if _, _, err := ParseWhere(m.Where); err != nil {
		f.add("where", "%w", err)
	}
	m.validateValue(f)
	m.validateVerdict(f)
}

// validateValue checks how values are summed.
func (m *Metric) validateValue(f *faults) {
	f.check(m.Kind != mean && m.Decimals != nil, "decimals", "is for kind mean only, leave it out")
	f.check(len(m.Quantiles) > 0, "quantiles", "is for kind quantile only, leave it out")
	f.check(m.Numerator != "" || m.Denominator != "", "numerator", "and denominator are for kind ratio only, leave them out")
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
		f.add("cap", "is for kinds count and mean only, leave it out: a unit converts once")
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

// validateVerdict checks what verdicts are made with.
func (m *Metric) validateVerdict(f *faults) {
	f.oneOf("goal", m.Goal, increase, decrease)
	f.oneOf("on_harm", m.OnHarm, stopOnHarm, alertHarm)
	f.check(m.OnHarm != "" && !m.Guardrail, "on_harm", "needs guardrail: true")
	f.check(m.Guardrail && m.Goal == increase && m.Margin >= 1, "margin", "%v, want less than 1: nothing falls by more than all of it", m.Margin)
	f.check(!(m.Margin >= 0) || math.IsInf(m.Margin, 0), "margin", "%v, want 0 or more", m.Margin)
	f.check(m.Margin > 0 && !m.Guardrail, "margin", "needs guardrail: true")
}
