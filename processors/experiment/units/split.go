package units

import (
	"slices"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// How far from a change of weights, by event time, an exposure may be of either allocation, ms: clocks differ, and whoever assigns may
// go by a former version for a while.
const (
	unsureBefore = 5_000
	unsureAfter  = 60_000
)

// drawn says whether the variant of a unit with this first exposure was drawn, by weights that are known. Only of such units are the
// split check and the exact figures of conversions: both rest on the weights.
func (x *run) drawn(ev *event.Event) bool {
	switch string(ev.Reason) {
	case "sticky", "forced", "override", "overridden":
		return false
	}
	return !x.unsure(ev.ConfigVersion, ev.Time)
}

// unsure says whether an exposure that names no known version is near a change of weights.
func (x *run) unsure(named, at int64) bool {
	near := false
	for _, v := range x.versions {
		if v.number == named {
			return false
		}
		near = near || v.reweighs && at >= v.effective-unsureBefore && at <= v.effective+unsureAfter
	}
	return near
}

// reweighs says whether a version changes weights.
func reweighs(before, now experiment.Variants) bool {
	return !slices.EqualFunc(before, now, func(a, b experiment.Variant) bool { return a.Weight == b.Weight })
}

// leftOut says why a unit is not analysed.
func (x *run) leftOut(unit []byte) experiment.Cause {
	switch {
	case x.listed[string(unit)]:
		return experiment.CauseList
	case x.holdout != nil && x.holdout.Holds(unit):
		return experiment.CauseHeld
	}
	return experiment.Analysed
}

// compileLeftOut takes over which units are not analysed.
func (x *run) compileLeftOut(d *experiment.Definition) {
	x.holdout = d.Holdout
	for _, unit := range d.Exclude.Units {
		if x.listed == nil {
			x.listed = map[string]bool{}
		}
		x.listed[unit] = true
	}
}
