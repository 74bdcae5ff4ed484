package experiment

import "slices"

// Covariate is what is known of a unit before its first exposure. Comparisons of the metric are adjusted by it, which takes noise out
// of them (CUPED), and never changes what they estimate. Those of a conversion are then of its mean, as of a count.
//
// It is either the total of events in [first exposure - period, first exposure), by the kind and the cap of the metric, or, with Prop,
// a number that the first exposure brings. A unit without such has 0. Of a ratio it is the ratio of the same parts before, or one number.
// It is settled with the metric: the matured track keeps the one it has then, the live track is corrected for ever.
type Covariate struct {
	Event    string   `yaml:"event,omitempty" json:"event,omitempty"`   // default: the metric's
	Where    string   `yaml:"where,omitempty" json:"where,omitempty"`   // prop=value; default: the metric's where Event is as well
	Period   Duration `yaml:"period,omitempty" json:"period,omitempty"` // default 7d
	Prop     string   `yaml:"prop,omitempty" json:"prop,omitempty"`     // of exposures, instead of all above: a number, or a text that is one
	Decimals *int     `yaml:"decimals,omitempty" json:"decimals,omitempty"`
}

const defaultPeriod = 7 * day

// covariateDefaults writes the defaults of a covariate into a copy.
func (m *Metric) covariateDefaults() {
	if m.Covariate == nil {
		return
	}
	c := *m.Covariate
	m.Covariate = &c
	if c.Prop != "" {
		if c.Decimals == nil {
			scale := defaultScale
			m.Covariate.Decimals = &scale
		}
		return
	}
	fill(&m.Covariate.Period, defaultPeriod)
	if c.Event == "" {
		fill(&m.Covariate.Where, m.Where)
	}
	fill(&m.Covariate.Event, m.Event)
}

// CovariateScale is the number of decimals of the covariate, which the metric has.
func (m *Metric) CovariateScale() int {
	switch c := m.Covariate; {
	case c.Prop == "":
		return m.Scale()
	case c.Decimals == nil:
		return defaultScale
	default:
		return *c.Decimals
	}
}

// validateCovariate checks a covariate that has its defaults.
func (m *Metric) validateCovariate(f *faults) {
	c := m.Covariate
	if c == nil {
		return
	}
	f.check(m.Kind == quantiles || m.Kind == last, "covariate", "is for kinds conversion, count, mean and ratio only, leave it out")
	if c.Prop != "" {
		f.check(c.Event != "" || c.Where != "" || c.Period != 0, "covariate.prop", "is instead of event, where and period, leave them out")
		f.check(m.CovariateScale() < 0 || m.CovariateScale() > maxScale, "covariate.decimals", "%d, want 0 to %d", m.CovariateScale(), maxScale)
		return
	}
	f.check(c.Decimals != nil, "covariate.decimals", "is for prop only, leave it out: events have the decimals of the metric")
	f.check(c.Period < 0, "covariate.period", "is negative")
	f.check(c.Period >= Unlimited, "covariate.period", "cannot be unlimited: events of units that are never exposed would be kept for ever")
	f.check(m.Kind == ratio && (c.Event != "" || c.Where != ""), "covariate.event", "and where are not for kind ratio, leave them out: its parts have events")
	f.check(slices.Contains(reserved, c.Event), "covariate.event", "%q is reserved, its events are no metric events", c.Event)
	if _, _, err := ParseWhere(c.Where); err != nil {
		f.add("covariate.where", "%w", err)
	}
}
