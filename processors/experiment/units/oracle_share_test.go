package units

import (
	"bytes"
	"maps"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// share is what a row is worth in one plan.
func (o *oracle) share(r *oracleRow, p oraclePlan) *ledger {
	l, part := newLedger(), r.parts[p.name]
	switch {
	case part == nil || len(part.exposures) == 0:
		return l
	case p.leavesOut(part.first().Unit):
		l.leftOut[experiment.CauseList] = 1
		return l
	case part.several() && !p.first:
		l.excluded = 1
		for _, c := range p.cells(l, part.first())[1:] {
			c.Excluded = 1
		}
		return l
	}
	t0 := part.first()
	variant := int(t0.Variant[0] - 'A')
	l.dropped[experiment.DropLate], l.dropped[experiment.DropConflict] = r.late, r.conflicts
	l.dropped[experiment.DropBeforeStart], l.dropped[experiment.DropAfterEnd] = part.before, part.after
	l.dropped[experiment.DropMultipleVariants] = one(part.several())
	l.pane(variant, t0.ms()-t0.ms()%1000, 2).UnitsNew = 1
	var totals [2]int64
	past := int64(0)
	for _, e := range r.order {
		if e.Type == p.kind && !r.retracted[e.ID] && p.precedes(e, t0, &past, l) {
			continue
		}
		if e.Type == p.kind && !r.retracted[e.ID] {
			o.attribute(l, p, part, e, &totals)
		}
	}
	l.space()
	for _, c := range p.cells(l, t0) {
		c.Units = 1
		c.Live[0].Replace(0, min(totals[0], 1))
		c.Live[1].Replace(0, min(totals[1], p.limit))
		if p.period > 0 {
			joined(c, 1).Live.Replace([]int64{0, 0}, []int64{min(totals[1], p.limit), min(past, p.limit)})
		}
	}
	return l
}

// precedes says whether an event lies in the period of the covariate, and adds it to the past; drops are what it lacks.
func (p oraclePlan) precedes(e oracleEvent, t0 ev, past *int64, l *ledger) bool {
	if e.ms() >= t0.ms() || e.ms() < t0.ms()-p.period {
		return false
	}
	value, has := oracleValues[string(e.Value)]
	if !has {
		l.dropped[experiment.DropNoValue]++
		return true
	}
	l.dropped[experiment.DropRounded] += one(value.lost)
	*past += value.v
	return true
}

func (o *oracle) attribute(l *ledger, p oraclePlan, part *oraclePart, e oracleEvent, totals *[2]int64) {
	t0 := part.first()
	value, has := oracleValues[string(e.Value)]
	if e.seq < part.seq && part.x >= e.ms()+p.grace {
		l.dropped[experiment.DropNoExposure]++
		return
	}
	counted, after := false, e.ms()-t0.ms()
	for i, v := range []int64{1, value.v} {
		if after < p.delay[i] || after >= p.delay[i]+p.window[i] || e.ms() >= p.end {
			continue
		}
		counted = true
		if i == 1 && !has {
			l.dropped[experiment.DropNoValue]++
			continue
		}
		if i == 1 {
			l.dropped[experiment.DropRounded] += one(value.lost)
		}
		totals[i] += v
		m := &l.pane(int(t0.Variant[0]-'A'), e.ms()-e.ms()%1000, 2).Metrics[i]
		m.Events++
		m.Sum = m.Sum.AddInt64(v)
		if i == 1 {
			l.pane(int(t0.Variant[0]-'A'), e.ms()-e.ms()%1000, 2).BinsOf(1).Values.Add(v, 1)
		}
	}
	switch {
	case counted:
	case after < 0:
		l.dropped[experiment.DropBeforeExposure]++
	case e.ms() >= p.end:
		l.dropped[experiment.DropAfterEnd]++
	default:
		l.dropped[experiment.DropOutsideWindow]++
	}
}

// space says in a share of one unit how far the panes of each metric are apart.
func (l *ledger) space() {
	for i := range 2 {
		before := int64(math.MinInt64 / 2)
		for _, key := range slices.SortedFunc(maps.Keys(l.panes), func(a, b [2]int64) int { return int(a[0] - b[0]) }) {
			if l.panes[key].Metrics[i].Events > 0 {
				l.panes[key].BinsOf(i).Seen.Add(int(min((key[0]-before)/1000, 60)), 1)
				before = key[0]
			}
		}
	}
}

// settle computes the shares of a row anew and counts late panes and corrections.
func (o *oracle) settle(r *oracleRow) {
	for _, p := range o.plans {
		part := r.parts[p.name]
		if part == nil {
			continue
		}
		next := o.share(r, p)
		if part.share == nil {
			part.share = newLedger()
		}
		o.countLate(o.total[p.name], part.share, next)
		for i, m := range part.matured {
			if m && (part.share.excluded != next.excluded || part.share.live(i) != next.live(i) || i == 1 && part.share.past() != next.past()) {
				o.correct(p, part.first())
			}
		}
		part.share = next
	}
}

func (l *ledger) live(i int) string {
	for _, c := range l.cells {
		return c.Live[i].S.String()
	}
	return ""
}

// past is the covariate of a unit.
func (l *ledger) past() string {
	for _, c := range l.cells {
		if len(c.Joint) > 0 {
			return c.Joint[0].Live.S[1].String()
		}
	}
	return "0"
}

func (o *oracle) countLate(total, old, next *ledger) {
	keys := maps.Clone(old.panes)
	maps.Copy(keys, next.panes)
	for key := range keys {
		a, b := old.panes[key], next.panes[key]
		same := a != nil && b != nil && a.UnitsNew == b.UnitsNew && slices.Equal(a.Metrics, b.Metrics) &&
			bytes.Equal(a.BinsOf(1).Values.Append(nil), b.BinsOf(1).Values.Append(nil))
		if !same && o.now >= key[0]+1000+o.grace() {
			total.pane(int(key[1]), key[0], 2).Late++
		}
	}
}

// mature counts what is due for a row, and ends it. What time alone brings has matured when it was due; what an event of the row
// brings was due before the row knew of it, and matures now.
func (o *oracle) mature(unit string, r *oracleRow, timed bool) {
	expiry, exposed := int64(0), false
	for _, p := range o.plans {
		part := r.parts[p.name]
		if part == nil || len(part.exposures) == 0 {
			continue
		}
		t0 := part.first()
		exposed, expiry = true, max(expiry, t0.ms()+p.reach())
		o.maturePart(p, part, t0, timed)
	}
	r.asked = slices.DeleteFunc(r.asked, func(w ev) bool {
		if o.now >= w.ms()+o.grace() {
			delete(r.ids, w.ID)
			o.dead = append(o.dead, "retract_too_late")
			return true
		}
		return false
	})
	if !exposed {
		for _, p := range o.plans {
			expiry = max(expiry, r.last+p.dedup)
			if p.period > 0 {
				expiry = max(expiry, r.last+p.period+p.grace)
			}
		}
	}
	for _, w := range r.asked {
		expiry = max(expiry, w.ms()+o.grace())
	}
	if o.now >= expiry {
		o.leave(r)
		delete(o.rows, unit)
	}
}

func (o *oracle) maturePart(p oraclePlan, part *oraclePart, t0 ev, timed bool) {
	at := func(due int64) int64 {
		if timed {
			return due
		}
		return o.now
	}
	if due := t0.ms() + p.grace; !part.seen && o.now >= due {
		part.seen, part.checked = true, p.checks(t0)
		for _, total := range p.maturing(o.total[p.name], t0, at(due)) {
			total.FirstSeen += one(part.checked)
			total.Crossed += one(part.checked && part.several() && !p.first)
		}
	}
	for i := range part.matured {
		if due := t0.ms() + p.delay[i] + p.window[i] + p.grace; !part.matured[i] && o.now >= due {
			part.matured[i] = true
			if part.share.excluded == 0 && !p.leavesOut(t0.Unit) {
				own := p.cells(part.share, t0)[0]
				v, _ := own.Live[i].S.Int64()
				for _, total := range p.maturing(o.total[p.name], t0, at(due)) {
					total.Matured[i].Include(v)
					total.NonZero[i] += min(v*v, 1)
					if i == 0 {
						total.Drawn[i] += one(v != 0 && p.checks(t0))
					}
					if i == 1 && p.period > 0 {
						past, _ := own.Joint[0].Live.S[1].Int64()
						joined(total, 1).Matured.Include(v, past)
					}
				}
			}
		}
	}
	if part.matured == [2]bool{true, true} && part.frozen == nil {
		part.frozen = &t0
	}
}

// leave adds the shares of a row to the totals for good.
func (o *oracle) leave(r *oracleRow) {
	for name, part := range r.parts {
		if part.share == nil {
			continue
		}
		d := &experiment.Delta{Dropped: part.share.dropped, Excluded: part.share.excluded, LeftOut: part.share.leftOut}
		for key, c := range part.share.cells {
			c.Variant, c.Epoch, c.Segment = int(key[0]), key[1], int(key[2])
			d.Cells = append(d.Cells, *c)
		}
		for key, pane := range part.share.panes {
			pane.Start, pane.Variant = key[0], int(key[1])
			d.Panes = append(d.Panes, *pane)
		}
		o.total[name].add(d)
	}
}
