package units

import (
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// joint is a metric whose sums are of several totals of a unit: see experiment.JointSums.
type joint struct {
	metric int
	totals []int // indices of metrics, the covariates among them; whole: 1 for every unit
}

// whole is the total that is 1 for every unit.
const whole = -1

// mostTotals is how many totals a joint has at most.
const mostTotals = 4

// jointSums is what a cell has of a joint.
type jointSums struct{ live, matured stats.Joint }

// compileJoints finds the metrics that need several totals, and appends their covariates to the metrics: totals of a unit as any
// other, of which nothing is published.
func (x *run) compileJoints(d *experiment.Definition) {
	x.shown = len(x.metrics)
	for i := range d.Metrics {
		m := &d.Metrics[i]
		j := joint{metric: i, totals: []int{i}}
		if m.Kind == "ratio" {
			j.totals = []int{d.Part(m.Numerator), d.Part(m.Denominator)}
		}
		if c := m.Covariate; c != nil && c.Prop != "" {
			j.totals = append(j.totals, x.covariate(metric{kind: inert, given: c.Prop, decimals: m.CovariateScale(), limit: noLimit}, i, 0))
			if m.Kind == "ratio" {
				j.totals = append(j.totals, whole)
			}
		} else if c != nil {
			for _, total := range j.totals {
				of := x.metrics[total]
				if m.Kind != "ratio" {
					of.event = c.Event
					of.key, of.text, _ = experiment.ParseWhere(c.Where)
				}
				j.totals = append(j.totals, x.covariate(of, i, int64(c.Period)))
			}
		}
		if len(j.totals) > 1 {
			x.joints = append(x.joints, j)
		}
	}
}

// covariate appends one for a metric, that of a period, and gives its index.
func (x *run) covariate(m metric, of int, period int64) int {
	m.before, m.from, m.until = true, -period, 0
	m.matures = x.metrics[of].matures
	if period > 0 {
		x.memory = max(x.memory, plus(period, x.grace))
	}
	x.metrics = append(x.metrics, m)
	return len(x.metrics) - 1
}

// give sets the covariates that a first exposure brings. What is no number, or beyond range, is 0 and counted by the process.
func (p *processor) give(ev *event.Event, x *run, e *Enrolment) {
	for i := x.shown; i < len(x.metrics); i++ {
		m := &x.metrics[i]
		if m.given == "" {
			continue
		}
		v, ok := propOf(ev, m.given, m.decimals)
		if e.Totals[i] = v; !ok {
			p.ctx.Count("unreadable_covariates", 1)
		}
	}
}

// propOf is a prop that is a number, scaled; 0 without one, and false where there is something else.
func propOf(ev *event.Event, key string, decimals int) (int64, bool) {
	for i := range ev.Props {
		prop := &ev.Props[i]
		if string(prop.Key) != key {
			continue
		}
		d, number := event.ParseDecimal(prop.Text)
		if !number || prop.Kind == event.Other {
			return 0, len(prop.Text) == 0 || string(prop.Text) == "null"
		}
		v, _, fits := d.Scaled(decimals)
		if !fits {
			return 0, false
		}
		return v, true
	}
	return 0, true
}

// keepGiven takes over the covariates that came with the exposure: they change with it alone.
func (t *tally) keepGiven(e *Enrolment) {
	for i := t.run.shown; i < len(e.Totals); i++ {
		if t.run.metrics[i].given != "" {
			t.totals[i] = e.Totals[i]
		}
	}
}

// of gives the capped totals of a joint from the raw totals of a unit, in room.
func (j *joint) of(x *run, raw []int64, room *[mostTotals]int64) []int64 {
	for i, m := range j.totals {
		if room[i] = 1; m != whole {
			room[i] = x.metrics[m].total(raw[m])
		}
	}
	return room[:len(j.totals)]
}

// sameJoint says whether two tallies of a run have the same totals of the joint of a metric, if it has one.
func (x *run) sameJoint(metric int, before, after *tally) bool {
	for i := range x.joints {
		if j := &x.joints[i]; j.metric == metric {
			var a, b [mostTotals]int64
			j.of(x, before.totals, &a)
			j.of(x, after.totals, &b)
			return a == b
		}
	}
	return true
}

// enterJoint adds the totals of a unit to the live joint sums of a cell, or with -1 takes them out.
func (c *cell) enterJoint(t *tally, sign int64) {
	var room, none [mostTotals]int64
	for i := range t.run.joints {
		j := &t.run.joints[i]
		totals := j.of(t.run, t.totals, &room)
		if sign > 0 {
			c.joint[i].live.Replace(none[:len(totals)], totals)
		} else {
			c.joint[i].live.Replace(totals, none[:len(totals)])
		}
	}
}

// changeJoint moves the totals of a unit that stays in its cell.
func (c *cell) changeJoint(before, after *tally) {
	var a, b [mostTotals]int64
	for i := range after.run.joints {
		j := &after.run.joints[i]
		old, fresh := j.of(before.run, before.totals, &a), j.of(after.run, after.totals, &b)
		if a != b {
			c.joint[i].live.Replace(old, fresh)
		}
	}
}

// matureJoint counts a unit in the matured joint sums of a metric, if it has any.
func (c *cell) matureJoint(x *run, metric int, raw []int64) {
	for i := range x.joints {
		j := &x.joints[i]
		if j.metric != metric {
			continue
		}
		var room [mostTotals]int64
		totals := j.of(x, raw, &room)
		c.joint[i].matured.Include(totals...)
		if x.metrics[metric].kind == ratio {
			c.nonZero[metric] += one(totals[0] != 0 && totals[1] != 0)
		}
	}
}

// countJoint adds the totals of a tagged event, by metric, to the ratios of a cell.
func (c *cell) countJoint(x *run, totals []int64) {
	var room, none [mostTotals]int64
	for i := range x.joints {
		of := x.joints[i].of(x, totals, &room)
		if of[0] != 0 || of[1] != 0 {
			c.joint[i].live.Replace(none[:len(of)], of)
			c.nonZero[x.joints[i].metric] += one(of[0] != 0 && of[1] != 0)
		}
	}
}

// jointOf is the joint sums of a cell that are not 0, valid until the next call for the cell.
func (s *sums) jointOf(c *cell) []experiment.JointSums {
	c.jointDelta = c.jointDelta[:0]
	for i := range c.joint {
		if j := &c.joint[i]; !emptyJoint(&j.live) || !emptyJoint(&j.matured) {
			c.jointDelta = append(c.jointDelta, experiment.JointSums{Metric: s.joints[i].metric, Live: j.live, Matured: j.matured})
		}
	}
	return c.jointDelta
}

func emptyJoint(j *stats.Joint) bool {
	if j.N != 0 {
		return false
	}
	for i := range j.S {
		if j.S[i].Sign() != 0 {
			return false
		}
	}
	for i := range j.P {
		if j.P[i].Sign() != 0 {
			return false
		}
	}
	return true
}
