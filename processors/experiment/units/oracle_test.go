package units

import (
	"maps"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// oracle computes the same sums from the events alone, anew after each: maps, no bytes, no differences kept in rows.
type oracle struct {
	plans []oraclePlan
	rows  map[string]*oracleRow
	total map[string]*ledger
	dead  []string
	now   int64
}

// oraclePlan is an experiment with one conversion and one mean of two decimals, both on one type.
type oraclePlan struct {
	name, kind        string
	first             bool
	start, end, grace int64
	dedup             int64
	delay, window     [2]int64
	limit             int64
}

type oracleRow struct {
	ids       map[string]ev
	kind      map[string]string // by id: m metric, x exposure, r retraction, l late
	order     []oracleEvent
	retracted map[string]bool
	asked     []ev
	parts     map[string]*oraclePart
	last      int64
	conflicts int64
	late      int64
}

type oracleEvent struct {
	ev
	seq int
}

type oraclePart struct {
	exposures     []ev // qualifying, in order of arrival
	frozen        *ev
	before, after int64
	seq           int
	x             int64
	seen          bool
	matured       [2]bool
	share         *ledger
}

// values that the stories use, scaled by 100, and whether rounding lost something.
var oracleValues = map[string]struct {
	v    int64
	lost bool
}{"1": {100, false}, "2.5": {250, false}, "0.125": {12, true}, "-3": {-300, false}, "40": {4000, false}}

func (o *oracle) grace() int64 {
	g := int64(5000)
	for _, p := range o.plans {
		g = max(g, p.grace)
	}
	return g
}

// step takes one event at a stream time.
func (o *oracle) step(e ev, now int64, seq int) {
	o.advance(now)
	if e.Type == "click" && !slices.ContainsFunc(o.plans, func(p oraclePlan) bool { return p.kind == "click" }) {
		return // no metric uses the type
	}
	r := o.rows[e.Unit]
	if r == nil {
		r = &oracleRow{ids: map[string]ev{}, kind: map[string]string{}, retracted: map[string]bool{}, parts: map[string]*oraclePart{}}
		o.rows[e.Unit] = r
	}
	o.take(r, e, seq)
	o.settle(r)
	o.mature(e.Unit, r)
}

func (o *oracle) advance(now int64) {
	o.now = max(o.now, now)
	for unit, r := range o.rows {
		o.mature(unit, r)
	}
}

func (o *oracle) take(r *oracleRow, e ev, seq int) {
	if old, ok := r.ids[e.ID]; ok {
		if string(old.json()) != string(e.json()) {
			r.conflicts++
		}
		return
	}
	switch e.Type {
	case "exposure":
		o.expose(r, e, seq)
	case "retract":
		o.retract(r, e)
	default:
		o.metric(r, e, seq)
	}
}

func (r *oracleRow) put(e ev, kind string, now int64) {
	r.ids[e.ID], r.kind[e.ID] = e, kind
	r.last = max(r.last, e.ms(), now)
}

// asks says whether a retraction waits for an id, and ends the wait.
func (r *oracleRow) asks(id string) (waiting []ev) {
	r.asked = slices.DeleteFunc(r.asked, func(w ev) bool {
		if w.Ref == id {
			waiting = append(waiting, w)
		}
		return w.Ref == id
	})
	return waiting
}

func (o *oracle) refuseAsked(r *oracleRow, id string) {
	for _, w := range r.asks(id) {
		delete(r.ids, w.ID)
		o.dead = append(o.dead, "bad_ref")
	}
}

func (o *oracle) expose(r *oracleRow, e ev, seq int) {
	var p oraclePlan
	for _, p = range o.plans {
		if p.name == e.Experiment {
			break
		}
	}
	r.put(e, "x", o.now)
	o.refuseAsked(r, e.ID)
	part := r.parts[p.name]
	if part == nil {
		part = &oraclePart{}
		r.parts[p.name] = part
	}
	switch {
	case e.ms() < p.start:
		part.before++
	case e.ms() >= p.end:
		part.after++
	case e.ms()+p.reach() < o.now:
		r.late++
	default:
		if len(part.exposures) == 0 {
			part.seq, part.x = seq, o.now
		}
		part.exposures = append(part.exposures, e)
		if part.matured == [2]bool{true, true} && part.frozen != nil && less(e, *part.frozen) {
			o.total[p.name].corrections++
		}
	}
}

func (p oraclePlan) reach() int64 {
	return max(p.delay[0]+p.window[0], p.delay[1]+p.window[1]) + p.grace + p.dedup
}

func less(a, b ev) bool { return a.ms() < b.ms() || a.ms() == b.ms() && a.ID < b.ID }

// first is the exposure that counts; once all has matured it stays.
func (part *oraclePart) first() ev {
	if part.frozen != nil {
		return *part.frozen
	}
	return slices.MinFunc(part.exposures, func(a, b ev) int {
		if less(a, b) {
			return -1
		}
		return 1
	})
}

func (part *oraclePart) several() bool {
	return slices.ContainsFunc(part.exposures, func(e ev) bool { return e.Variant != part.exposures[0].Variant })
}

func (o *oracle) retract(r *oracleRow, e ev) {
	kind, there := r.kind[e.Ref]
	if _, free := r.ids[e.Ref]; !free {
		there = false
	}
	switch {
	case e.ID == e.Ref || there && (kind == "x" || kind == "r"):
		o.dead = append(o.dead, "bad_ref")
	case r.done():
		o.dead = append(o.dead, "retract_too_late")
	case there:
		r.put(e, "r", o.now)
		o.refuseAsked(r, e.ID)
		r.retracted[e.Ref] = true
	case o.now >= e.ms()+o.grace():
		o.dead = append(o.dead, "retract_too_late")
	default:
		r.put(e, "r", o.now)
		o.refuseAsked(r, e.ID)
		r.asked = append(r.asked, e)
	}
}

// done says that everything the unit is exposed to has matured.
func (r *oracleRow) done() bool {
	exposed := false
	for _, part := range r.parts {
		if len(part.exposures) > 0 {
			exposed = true
			if part.matured != [2]bool{true, true} {
				return false
			}
		}
	}
	return exposed
}

func (o *oracle) metric(r *oracleRow, e ev, seq int) {
	reach := int64(-1)
	for _, p := range o.plans {
		if p.kind == e.Type {
			reach = max(reach, p.reach())
		}
	}
	if e.ms()+reach < o.now {
		r.put(e, "l", o.now)
		r.late++
		return
	}
	r.put(e, "m", o.now)
	if len(r.asks(e.ID)) > 0 {
		r.retracted[e.ID] = true
	}
	r.order = append(r.order, oracleEvent{e, seq})
}

// share is what a row is worth in one plan.
func (o *oracle) share(r *oracleRow, p oraclePlan) *ledger {
	l, part := newLedger(), r.parts[p.name]
	switch {
	case part == nil || len(part.exposures) == 0:
		return l
	case part.several() && !p.first:
		l.excluded = 1
		return l
	}
	t0 := part.first()
	variant := int(t0.Variant[0] - 'A')
	l.dropped[experiment.DropLate], l.dropped[experiment.DropConflict] = r.late, r.conflicts
	l.dropped[experiment.DropBeforeStart], l.dropped[experiment.DropAfterEnd] = part.before, part.after
	l.dropped[experiment.DropMultipleVariants] = one(part.several())
	l.pane(variant, t0.ms()-t0.ms()%1000, 2).UnitsNew = 1
	var totals [2]int64
	for _, e := range r.order {
		if e.Type == p.kind && !r.retracted[e.ID] {
			o.attribute(l, p, part, e, &totals)
		}
	}
	c := l.cell(variant, 1, 2)
	c.Units = 1
	c.Live[0].Replace(0, min(totals[0], 1))
	c.Live[1].Replace(0, min(totals[1], p.limit))
	return l
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
			if m && (part.share.excluded != next.excluded || part.share.live(i) != next.live(i)) {
				o.total[p.name].corrections++
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

func (o *oracle) countLate(total, old, next *ledger) {
	keys := maps.Clone(old.panes)
	maps.Copy(keys, next.panes)
	for key := range keys {
		a, b := old.panes[key], next.panes[key]
		same := a != nil && b != nil && a.UnitsNew == b.UnitsNew && slices.Equal(a.Metrics, b.Metrics)
		if !same && o.now >= key[0]+1000+o.grace() {
			total.pane(int(key[1]), key[0], 2).Late++
		}
	}
}

// mature counts what is due for a row, and ends it.
func (o *oracle) mature(unit string, r *oracleRow) {
	expiry, exposed := int64(0), false
	for _, p := range o.plans {
		part := r.parts[p.name]
		if part == nil || len(part.exposures) == 0 {
			continue
		}
		t0 := part.first()
		exposed, expiry = true, max(expiry, t0.ms()+p.reach())
		o.maturePart(p, part, t0)
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

func (o *oracle) maturePart(p oraclePlan, part *oraclePart, t0 ev) {
	variant := int(t0.Variant[0] - 'A')
	total := o.total[p.name].cell(variant, 1, 2)
	if !part.seen && o.now >= t0.ms()+p.grace {
		part.seen = true
		total.FirstSeen++
	}
	for i := range part.matured {
		if !part.matured[i] && o.now >= t0.ms()+p.delay[i]+p.window[i]+p.grace {
			part.matured[i] = true
			if part.share.excluded == 0 {
				v, _ := part.share.cells[[2]int64{int64(variant), 1}].Live[i].S.Int64()
				total.Matured[i].Include(v)
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
		d := &experiment.Delta{Dropped: part.share.dropped, Excluded: part.share.excluded}
		for key, c := range part.share.cells {
			c.Variant, c.Epoch = int(key[0]), key[1]
			d.Cells = append(d.Cells, *c)
		}
		for key, pane := range part.share.panes {
			pane.Start, pane.Variant = key[0], int(key[1])
			d.Panes = append(d.Panes, *pane)
		}
		o.total[name].add(d)
	}
}
