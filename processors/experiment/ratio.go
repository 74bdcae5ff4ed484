package experiment

import "slices"

// ratio is the kind of a metric that is the sum of one metric over that of another.
const ratio = "ratio"

// Part is the index of the metric of a name, -1 without one: of the numerator or denominator of a ratio.
func (d *Definition) Part(name string) int {
	return slices.IndexFunc(d.Metrics, func(m Metric) bool { return m.Name == name })
}

// ratioDefaults gives a ratio the window and delay of its parts, which have theirs.
func (m *Metric) ratioDefaults(d *Definition) {
	if i := d.Part(m.Numerator); i >= 0 {
		fill(&m.Window, d.Metrics[i].Window)
		fill(&m.Delay, d.Metrics[i].Delay)
	}
	m.defaults()
}

// validateRatio checks the parts of a ratio: metrics with sums of the same units at the same time.
func (d *Definition) validateRatio(f *faults, m *Metric) {
	if m.Kind != ratio {
		return
	}
	f.check(m.Event != "", "event", "is not for kind ratio, leave it out: its parts count events")
	f.check(m.Where != "", "where", "is not for kind ratio, leave it out: its parts count events")
	d.validatePart(f, m, "numerator", m.Numerator)
	d.validatePart(f, m, "denominator", m.Denominator)
	f.check(m.Numerator != "" && m.Numerator == m.Denominator, "denominator", "%q is the numerator too: such a ratio is always 1", m.Denominator)
}

func (d *Definition) validatePart(f *faults, m *Metric, field, name string) {
	i := d.Part(name)
	switch {
	case name == "":
		f.add(field, "is missing, name another metric")
		return
	case i < 0:
		f.add(field, "%q is no metric of this experiment", name)
		return
	}
	part := &d.Metrics[i]
	f.check(part.Kind != conversion && part.Kind != count && part.Kind != mean, field, "%q is of kind %s, want conversion, count or mean", name, part.Kind)
	f.check(part.Window != m.Window, field, "%q has the window %v, want %v: both parts have one window", name, part.Window, m.Window)
	f.check(part.Delay != m.Delay, field, "%q has the delay %v, want %v: both parts have one delay", name, part.Delay, m.Delay)
}
