package units

import (
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// cells are those of a unit by its first exposure: of all units, then of its segments.
func (p oraclePlan) cells(l *ledger, t0 ev) (all []*experiment.CellDelta) {
	for _, place := range p.places(t0) {
		all = append(all, l.cell(int(place[0]), place[1], 2, int(place[2])))
	}
	return all
}

// maturing are the cells of a unit, and what matures of them in the pane of a stream time.
func (p oraclePlan) maturing(l *ledger, t0 ev, at int64) (all []*experiment.CellDelta) {
	all = p.cells(l, t0)
	for _, place := range p.places(t0) {
		all = append(all, l.ripeCell(place, at, 2))
	}
	return all
}

// places are the variant, epoch and segment of the cells.
func (p oraclePlan) places(t0 ev) [][3]int64 {
	variant, epoch := int64(t0.Variant[0]-'A'), p.epoch(t0)
	all := [][3]int64{{variant, epoch, 0}}
	if !p.segments {
		return all
	}
	country, known := map[string]int64{"DE": 1, "FR": 2}[t0.Props["country"]]
	if !known {
		country = 3
	}
	vip := int64(5)
	if t0.Props["vip"] == "true" {
		vip = 4
	}
	return append(all, [3]int64{variant, epoch, country}, [3]int64{variant, epoch, vip})
}

func (p oraclePlan) epoch(t0 ev) int64 {
	switch {
	case p.second == 0:
		return 1
	case t0.Version == 1 || t0.Version == 2:
		return int64(t0.Version)
	case t0.ms() >= p.second:
		return 2
	}
	return 1
}

// checks says whether the split check is of a unit by its first exposure.
func (p oraclePlan) checks(t0 ev) bool {
	if slices.Contains([]string{"sticky", "forced", "override", "overridden"}, t0.Reason) || p.leavesOut(t0.Unit) {
		return false
	}
	near := t0.ms() >= p.second-5000 && t0.ms() <= p.second+60_000
	return p.second == 0 || t0.Version == 1 || t0.Version == 2 || !near
}

func (p oraclePlan) leavesOut(unit string) bool { return slices.Contains(p.listed, unit) }

// correct counts a change of what has matured.
func (o *oracle) correct(p oraclePlan, t0 ev) {
	o.total[p.name].corrections++
	for _, c := range p.cells(o.total[p.name], t0)[1:] {
		c.Corrections++
	}
}
