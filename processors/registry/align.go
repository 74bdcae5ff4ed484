package registry

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// align checks that d changes of a running definition only what may change, and puts its variants and metrics into the
// order that the sums are kept in. The error reports every fault.
func align(running, d *experiment.Definition) error {
	var all []error
	fixed := func(field string, same bool, before, now any) {
		if !same {
			all = append(all, fmt.Errorf("%s: cannot change from %v to %v while the experiment runs, restart begins a new run", field, before, now))
		}
	}
	fixed("unit", d.Unit == running.Unit, running.Unit, d.Unit)
	fixed("randomised_by", d.RandomisedBy == running.RandomisedBy, running.RandomisedBy, d.RandomisedBy)
	fixed("control", d.Control == running.Control, running.Control, d.Control)
	fixed("start", sameTime(d.Start, running.Start), start(running.Start), start(d.Start))
	fixed("multiple_variants", d.MultipleVariants == running.MultipleVariants, running.MultipleVariants, d.MultipleVariants)
	fixed("grace", d.Grace == running.Grace, running.Grace, d.Grace)
	fixed("dedup_for", d.DedupFor == running.DedupFor, running.DedupFor, d.DedupFor)
	fixed("exclude", slices.Equal(d.Exclude.Units, running.Exclude.Units), running.Exclude.Units, d.Exclude.Units)
	fixed("holdout", sameHoldout(d.Holdout, running.Holdout), holdout(running.Holdout), holdout(d.Holdout))
	fixed("segments", slices.EqualFunc(d.Segments, running.Segments, sameDimension), running.SegmentNames(), d.SegmentNames())
	all = append(all, alignVariants(running.Variants, d.Variants)...)
	all = append(all, alignMetrics(running.Metrics, d.Metrics)...)
	return errors.Join(all...)
}

func sameHoldout(a, b *experiment.Holdout) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func holdout(h *experiment.Holdout) string {
	if h == nil {
		return "none"
	}
	return fmt.Sprintf("%v of %s", h.Share, h.Name)
}

func sameDimension(a, b experiment.Dimension) bool {
	return a.Name == b.Name && a.Prop == b.Prop && slices.Equal(a.Values, b.Values)
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func start(at *time.Time) string {
	if at == nil {
		return "its acceptance"
	}
	return at.Format(time.RFC3339)
}

func alignVariants(running, variants experiment.Variants) (all []error) {
	names := func(v experiment.Variant) string { return v.Name }
	all = sameNames("variants", keys(running, names), keys(variants, names))
	slices.SortStableFunc(variants, func(a, b experiment.Variant) int {
		return cmp.Compare(running.Index(a.Name), running.Index(b.Name))
	})
	return all
}

var metricJSON = codecs.JSON[experiment.Metric]()

func alignMetrics(running, metrics []experiment.Metric) (all []error) {
	names := func(m experiment.Metric) string { return m.Name }
	order := keys(running, names)
	all = sameNames("metrics", order, keys(metrics, names))
	slices.SortStableFunc(metrics, func(a, b experiment.Metric) int {
		return cmp.Compare(slices.Index(order, a.Name), slices.Index(order, b.Name))
	})
	for i := range metrics {
		at := slices.Index(order, metrics[i].Name)
		if at < 0 {
			continue
		}
		before, err := metricJSON.Append(nil, running[at])
		now, err2 := metricJSON.Append(nil, metrics[i])
		if err = errors.Join(err, err2); err != nil {
			all = append(all, fmt.Errorf("metrics.%s: %w", metrics[i].Name, err))
		} else if !bytes.Equal(before, now) {
			all = append(all, fmt.Errorf("metrics.%s: cannot change from %s to %s while the experiment runs, restart begins a new run", metrics[i].Name, before, now))
		}
	}
	return all
}

func sameNames(field string, before, now []string) (all []error) {
	for _, name := range now {
		if !slices.Contains(before, name) {
			all = append(all, fmt.Errorf("%s.%s: cannot be added while the experiment runs, restart begins a new run", field, name))
		}
	}
	for _, name := range before {
		if !slices.Contains(now, name) {
			all = append(all, fmt.Errorf("%s.%s: cannot be removed while the experiment runs, restart begins a new run", field, name))
		}
	}
	return all
}

func keys[T any](list []T, name func(T) string) []string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = name(list[i])
	}
	return names
}

var definitionJSON = codecs.JSON[experiment.Definition]()

// equal says whether two definitions with their defaults say the same.
func equal(a, b experiment.Definition) (bool, error) {
	utc(a.Start, &a.Start)
	utc(b.Start, &b.Start)
	utc(a.End, &a.End)
	utc(b.End, &b.End)
	before, err := definitionJSON.Append(nil, a)
	now, err2 := definitionJSON.Append(nil, b)
	return bytes.Equal(before, now), errors.Join(err, err2)
}

// utc takes the zone out of the comparison.
func utc(at *time.Time, to **time.Time) {
	if at != nil {
		plain := at.UTC()
		*to = &plain
	}
}
