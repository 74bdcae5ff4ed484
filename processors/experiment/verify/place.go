package verify

import (
	"math/big"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// dimension is a prop by whose values units are counted beside the whole.
type dimension struct {
	name, prop string
	values     []string
}

// others is the value of what is not listed.
const others = "other"

func newDimensions(d *experiment.Definition) (all []dimension) {
	for _, s := range d.Segments {
		dim := dimension{name: s.Name, prop: s.Prop, values: append(slices.Clone(s.Values), others)}
		if dim.prop == "" {
			dim.prop = dim.name
		}
		all = append(all, dim)
	}
	return all
}

// segments are the names of all segments, in the order of their numbers, which begin at 1.
func (p *plan) segments() (names []string) {
	for _, d := range p.dimensions {
		for _, value := range d.values {
			names = append(names, d.name+"="+value)
		}
	}
	return names
}

// segmentsOf are the segments of the unit with this first exposure, one a dimension.
func (p *plan) segmentsOf(e *event) (of []int) {
	before := 0
	for _, d := range p.dimensions {
		at := len(d.values) - 1
		if found := slices.IndexFunc(d.values[:at], func(value string) bool { return e.where(d.prop, value) }); found >= 0 {
			at = found
		}
		of = append(of, 1+before+at)
		before += len(d.values)
	}
	return of
}

// Reasons of a variant that was not drawn by weights.
var undrawn = []string{"sticky", "forced", "override", "overridden"}

// drawn says whether the variant of an exposure was drawn, and it is known by which weights: only then the split check and the exact
// figures of conversions are of its unit.
func (v view) drawn(e *event) bool {
	if slices.Contains(undrawn, e.reason) {
		return false
	}
	known := v.versions[:v.known]
	if slices.ContainsFunc(known, func(ver version) bool { return ver.number == e.version }) {
		return true
	}
	for i := 1; i < len(known); i++ {
		changed := !slices.Equal(weights(&known[i].definition), weights(&known[i-1].definition))
		if from := known[i].effective; changed && e.ts >= from-5*second && e.ts <= from+60*second {
			return false
		}
	}
	return true
}

func weights(d *experiment.Definition) (all []float64) {
	for _, v := range d.Variants {
		all = append(all, v.Weight)
	}
	return all
}

// leftOut is why a unit is not analysed, empty if it is.
func (p *plan) leftOut(unit string) string {
	d := &p.versions[0].definition
	switch {
	case slices.Contains(d.Exclude.Units, unit):
		return "listed"
	case d.Holdout != nil && isHeld(d.Holdout, unit):
		return "holdout"
	}
	return ""
}

// isHeld says whether the hash of name, 0 and unit, as a fraction of 2^64, is below the share.
func isHeld(h *experiment.Holdout, unit string) bool {
	hash := new(big.Rat).SetInt(new(big.Int).SetUint64(xxhash.Sum64String(h.Name + "\x00" + unit)))
	bound := new(big.Rat).SetFloat64(h.Share)
	bound.Mul(bound, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 64)))
	return hash.Cmp(bound) < 0
}
