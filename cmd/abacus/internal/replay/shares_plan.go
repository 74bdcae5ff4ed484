package replay

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// Arms are the aggregated files that arguments of the form VARIANT=FILE name; none if they are of another form.
func Arms(args []string) []Arm {
	arms, _ := armsOf(args)
	return arms
}

// NewShares checks the flags and reads aggregated files, whose rows say how many units there were and how many converted.
// Metrics of the same units share an experiment; where there are several sets of units, each has one of its own, called
// NAME-METRIC by its first metric. Errors are as those of New.
func NewShares(cfg Config, arms []Arm) ([]*Plan, error) {
	shares, where, err := cfg.shares(arms)
	if err != nil {
		return nil, err
	}
	weights, err := parseWeights(cfg.Weights)
	if err != nil {
		return nil, err
	}
	var (
		all    []aggregate
		faults []error
		first  = &Plan{}
	)
	for _, arm := range arms {
		r := &armReader{arm: arm, shares: shares, where: where}
		if err := r.read(); err != nil {
			return nil, err
		}
		if r.badRows.Count > 0 && !cfg.SkipBad || len(r.rows) == 0 {
			r.badRows.File = arm.File
			faults = append(faults, &r.badRows)
		}
		for _, row := range r.badRows.First {
			first.Bad = append(first.Bad, BadRow{row.Line, arm.File + ": " + row.Reason})
		}
		first.BadRows += r.badRows.Count
		first.Unchosen += r.left
		all = append(all, r.rows...)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	names, err := ordered(arms, cfg.Control)
	if err != nil {
		return nil, err
	}
	for name := range weights {
		if !slices.Contains(names, name) {
			return nil, &UsageError{"weight", fmt.Sprintf("no file has the variant %q: there are %s", name, quoted(names))}
		}
	}
	return cfg.expand(first, shares, all, names, weights)
}

// expand makes a plan of each population; told holds what is said of the files.
func (c Config) expand(told *Plan, shares []ratio, rows []aggregate, names []string, weights map[string]float64) (plans []*Plan, err error) {
	sets := populations(rows, len(shares))
	start := int64(firstTime)
	for i, set := range sets {
		p := &Plan{Run: 1, cfg: c}
		if i == 0 {
			p.Unchosen, p.Bad, p.BadRows = told.Unchosen, told.Bad, told.BadRows
		}
		p.cfg.Control = names[0]
		if len(sets) > 1 {
			p.cfg.Experiment += "-" + strings.ReplaceAll(shares[set[0]].name, "_", "-")
		}
		if !experimentName.MatchString(p.cfg.Experiment) {
			return nil, &UsageError{"experiment", fmt.Sprintf("%q is no name of an experiment: want a-z, 0-9 and -, at most 63", p.cfg.Experiment)}
		}
		e := &expansion{rows: slices.Clone(rows), metrics: set, start: start}
		for _, metric := range set {
			e.names = append(e.names, shares[metric].name)
		}
		units := e.units()
		if units == 0 || units > mostUnits {
			return nil, &UsageError{"metric", fmt.Sprintf("%s: the rows stand for %d units, want 1 to %d", e.names[0], units, mostUnits)}
		}
		e.identify(p.cfg.Experiment, p.Run)
		p.expansion, p.Rows = e, len(rows)
		p.First, p.Last = start, start+units-1
		start += units
		p.Definition = p.define(names, weights)
		for _, name := range e.names {
			p.Definition.Metrics = append(p.Definition.Metrics,
				experiment.Metric{Name: name, Kind: conversion, Event: name, Window: experiment.Unlimited})
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// shares checks the flags as far as that goes without the files.
func (c *Config) shares(arms []Arm) (shares []ratio, where []condition, err error) {
	for _, one := range []struct{ flag, value string }{
		{"unit", c.Unit}, {"variant", c.Variant}, {"time", c.Time}, {"exposure", c.Exposure}, {"exclude-conflicts", c.ExcludeConflicts},
	} {
		if one.value != "" {
			return nil, nil, &UsageError{one.flag, "has no meaning for aggregated files, whose rows are no units: leave it out"}
		}
	}
	if c.Experiment == "" {
		c.Experiment = DefaultExperiment
	}
	if twice := doubled(arms); twice != "" {
		return nil, nil, &UsageError{"variant", fmt.Sprintf("%s is given two files: want one a variant", twice)}
	}
	if len(arms) < 2 {
		return nil, nil, &UsageError{"variant", "one file alone has nothing to compare with: want control=FILE treatment=FILE"}
	}
	if c.Grace < 0 {
		return nil, nil, &UsageError{"grace", fmt.Sprintf("%s is negative", c.Grace)}
	}
	if len(c.Metrics) == 0 {
		return nil, nil, &UsageError{"metric", "missing: give at least one, such as gross=share:Enrollments/Clicks"}
	}
	for _, text := range c.Where {
		parsed, err := parseCondition(text)
		if err != nil {
			return nil, nil, &UsageError{"where", err.Error()}
		}
		where = append(where, parsed)
	}
	for _, text := range c.Metrics {
		one, err := parseShare(text)
		if err == nil && slices.ContainsFunc(shares, func(s ratio) bool { return s.name == one.name }) {
			err = fmt.Errorf("%s is given twice", one.name)
		}
		if err != nil {
			return nil, nil, &UsageError{"metric", err.Error()}
		}
		shares = append(shares, one)
	}
	return shares, where, nil
}

// ordered are the variants, control first, then by name. Without a name the control is the one called so, else the first.
func ordered(arms []Arm, control string) ([]string, error) {
	s := survey{}
	for _, a := range arms {
		s.variants = append(s.variants, a.Variant)
	}
	switch {
	case control != "":
	case slices.Contains(s.variants, "control"):
		control = "control"
	default:
		control = s.variants[0]
	}
	return s.ordered(control)
}
