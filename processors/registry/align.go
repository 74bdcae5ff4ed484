package registry

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// align checks that d changes of a running definition only what may change, and puts its variants and metrics into the
// order that the sums are kept in. changed says whether it says anything new. The error reports every fault.
func align(running, d *experiment.Definition) (changed bool, err error) {
	changes, err := Differences(*running, *d)
	if err != nil {
		return false, err
	}
	var all []error
	for _, c := range changes {
		all = append(all, c.fault())
	}
	slices.SortStableFunc(d.Variants, func(a, b experiment.Variant) int {
		return cmp.Compare(running.Variants.Index(a.Name), running.Variants.Index(b.Name))
	})
	place := func(m experiment.Metric) int {
		return slices.IndexFunc(running.Metrics, func(is experiment.Metric) bool { return is.Name == m.Name })
	}
	slices.SortStableFunc(d.Metrics, func(a, b experiment.Metric) int { return cmp.Compare(place(a), place(b)) })
	return len(changes) > 0, errors.Join(all...)
}

// utc takes the zone out of the comparison.
func utc(at *time.Time, to **time.Time) {
	if at != nil {
		plain := at.UTC()
		*to = &plain
	}
}
