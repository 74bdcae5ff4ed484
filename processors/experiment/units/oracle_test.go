package units

import "slices"

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
	segments          bool     // by country, DE or FR, and by vip, true
	listed            []string // units that are not analysed
	second            int64    // from when version 2 with other weights holds; 0: there is none
	period            int64    // of the covariate of the mean; 0: it has none
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
	seen, checked bool
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
	if e.Type == "retract" && e.ID == e.Ref { // no look at the row is needed
		o.dead = append(o.dead, "bad_ref")
		return
	}
	r := o.rows[e.Unit]
	if r == nil {
		r = &oracleRow{ids: map[string]ev{}, kind: map[string]string{}, retracted: map[string]bool{}, parts: map[string]*oraclePart{}}
		o.rows[e.Unit] = r
	}
	o.take(r, e, seq)
	o.settle(r)
	o.mature(e.Unit, r, false)
}

func (o *oracle) advance(now int64) {
	o.now = max(o.now, now)
	for unit, r := range o.rows {
		o.mature(unit, r, true)
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
		if part.checked && !p.first && !part.several() && e.Variant != part.exposures[0].Variant {
			for _, c := range p.maturing(o.total[p.name], part.first(), o.now) {
				c.Crossed++
			}
		}
		part.exposures = append(part.exposures, e)
		if part.matured == [2]bool{true, true} && part.frozen != nil && less(e, *part.frozen) {
			o.correct(p, *part.frozen)
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
	case there && (kind == "x" || kind == "r"):
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
			if p.period > 0 {
				reach = max(reach, p.period+p.delay[1]+p.window[1]+p.grace+p.dedup)
			}
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
