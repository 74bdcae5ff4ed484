package experiment

import (
	"errors"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bounds of a definition.
const (
	maxVariants = 16
	maxMetrics  = 64
	maxAlpha    = 0.5
)

var (
	experimentName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	variantName    = regexp.MustCompile(`^[A-Za-z0-9 _-]{1,40}$`)
	metricName     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
)

// earliest is the least event time there is.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Validate reports every fault at once, each with the path of its field and what is wanted instead; nil if the definition
// can be run. Fields left out count as their defaults.
func (d *Definition) Validate() error { return errors.Join(d.faults()...) }

// faults are those of Validate, one by one.
func (d *Definition) faults() []error {
	filled := *d
	filled.Defaults()
	var f faults
	filled.validateIdentity(&f)
	filled.validateVariants(&f)
	filled.validateTime(&f)
	filled.validateMetrics(&f)
	filled.validateSegments(&f)
	filled.validateLeftOut(&f)
	filled.validateLayer(&f)
	filled.validateSize(&f)
	filled.validateWindows(&f)
	filled.validateDecision(&f)
	return f.all
}

func (d *Definition) validateIdentity(f *faults) {
	f.check(!experimentName.MatchString(d.Experiment), "experiment",
		"%q is no name, want a to z, 0 to 9 and -, at most 63, not - first", d.Experiment)
	f.oneOf("unit", d.Unit, unitUser, unitEvent)
	f.oneOf("randomised_by", d.RandomisedBy, byEvent, byOther)
	f.check(d.RandomisedBy != "" && d.Unit != unitEvent, "randomised_by", "is for unit: event only, leave it out")
	f.oneOf("multiple_variants", d.MultipleVariants, exclude, keepFirst)
	f.check(!(*d.Traffic >= 0 && *d.Traffic <= 1), "traffic", "%v is no share, want 0 to 1", *d.Traffic)
}

func (d *Definition) validateVariants(f *faults) {
	f.check(len(d.Variants) < 2, "variants", "want at least 2 with their weights, such as {control: 50, treatment: 50}")
	f.check(len(d.Variants) > maxVariants, "variants", "%d are too many, want at most %d", len(d.Variants), maxVariants)
	sum := 0.0
	for i, v := range d.Variants {
		path := "variants." + v.Name
		f.check(!variantName.MatchString(v.Name), path, "%q is no name, want letters, digits, space, _ and -, 1 to 40", v.Name)
		f.check(d.Variants.Index(v.Name) < i, path, "is given twice")
		f.check(!(v.Weight >= 0) || math.IsInf(v.Weight, 0), path, "weight %v, want 0 or more", v.Weight)
		sum += v.Weight
	}
	f.check(len(d.Variants) > 0 && !slices.ContainsFunc(d.Variants, func(v Variant) bool { return v.Weight != 0 }), "variants", "all weights are 0, want one above 0")
	f.check(math.IsInf(sum, 1), "variants", "the weights have no finite sum, want smaller ones")
	f.check(d.Control == "", "control", "is missing, name one of the variants")
	f.check(d.Control != "" && d.Variants.Index(d.Control) < 0, "control", "%q is none of the variants%s", d.Control, meant(d.Control, d.Variants.names()...))
}

func (d *Definition) validateTime(f *faults) {
	f.check(d.Start != nil && d.Start.Before(earliest), "start", "is before 2000-01-01")
	f.check(d.End != nil && d.End.Before(earliest), "end", "is before 2000-01-01")
	f.check(d.Start != nil && d.End != nil && !d.End.After(*d.Start), "end", "is not after start")
	f.check(d.Grace < 0, "grace", "is negative")
	f.check(d.Grace >= Unlimited, "grace", "cannot be unlimited: no window would ever close")
	f.check(d.DedupFor < 0, "dedup_for", "is negative")
}

func (d *Definition) validateMetrics(f *faults) {
	f.check(len(d.Metrics) == 0, "metrics", "want at least one")
	f.check(len(d.Metrics) > maxMetrics, "metrics", "%d are too many, want at most %d", len(d.Metrics), maxMetrics)
	for i := range d.Metrics {
		m := &d.Metrics[i]
		twice := slices.ContainsFunc(d.Metrics[:i], func(other Metric) bool { return other.Name == m.Name })
		if f.under = "metrics." + metricPath(m.Name, i) + "."; twice {
			f.under = "metrics." + metricPath("", i) + "."
		}
		f.check(twice, "name", "%q is given twice", m.Name)
		f.check(m.OnHarm == stopOnHarm && d.Unit == unitEvent && d.RandomisedBy != byEvent, "on_harm",
			"cannot be stop where events are not what is randomised: there is no verdict; want alert, or randomised_by: event")
		m.validateUnit(f, d.Unit)
		m.validate(f)
		d.validateRatio(f, m)
	}
	f.under = ""
}

func (d *Definition) validateWindows(f *faults) {
	known := slices.Sorted(maps.Keys(grainLengths))
	list := strings.Join(known, ", ")
	for i, name := range d.Windows {
		f.check(!slices.Contains(known, name), "windows", "%q is unknown, want some of %s", name, list)
		f.check(slices.Index(d.Windows, name) < i, "windows", "%q is given twice", name)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Retention)) {
		length, found := grainLengths[name]
		f.check(!found, "retention."+name, "is no window, want some of %s", list)
		f.check(found && d.Retention[name] < length, "retention."+name, "%v is shorter than the window", d.Retention[name])
	}
}

func (d *Definition) validateDecision(f *faults) {
	c := &d.Decision
	f.check(!(c.Alpha > 0 && c.Alpha <= maxAlpha), "decision.alpha", "%v is no level, want more than 0, at most %v", c.Alpha, maxAlpha)
	f.check(c.PlannedUnits < 0, "decision.planned_units", "is negative")
	f.oneOf("decision.correction", c.Correction, "holm", "none")
}

// ValidName says whether an experiment may be called so.
func ValidName(name string) bool { return experimentName.MatchString(name) }
