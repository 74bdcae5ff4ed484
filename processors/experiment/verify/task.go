package verify

import (
	"math"
)

// task is the replay of one task of stage 1: the records of one partition in the order of their offsets, those
// that other partitions forward to it in between.
type task struct {
	verifier  *Verifier
	partition int32
	knows     *knowledge
	stream    int64
	order     int
	rows      map[string]*row
	waiting   waiting
}

func newTask(v *Verifier, partition int32) *task {
	return &task{
		verifier: v, partition: partition, knows: newKnowledge(v.plans, &v.in, partition), stream: math.MinInt64, rows: map[string]*row{}, waiting: newWaiting(),
	}
}

func (t *task) tally(v view) *tally { return t.verifier.tally(v) }

func (t *task) reject(reason string) { t.verifier.dead[reason]++ }

func (t *task) now() moment { return moment{task: t, stream: t.stream, order: t.order} }

// adopt follows the schedule up to an input offset. An end that moved settles every unit of the run anew; events
// that waited for an experiment are applied.
func (t *task) adopt(offset int64) {
	for {
		v, ok := t.knows.next(offset, t.order)
		if !ok {
			t.idle(offset)
			return
		}
		t.idleTo(v.stream)
		if v.moved {
			t.resettle(v.view)
		}
		for _, e := range t.waiting.take(v.name) {
			t.process(e)
		}
	}
}

// hear takes only time and registry as far as an arrival lets the task know them.
func (t *task) hear(a arrival) {
	for s, more := t.knows.next(a.offset, 0); more; s, more = t.knows.next(a.offset, 0) {
		t.idleTo(s.stream)
	}
	t.idle(a.offset)
	if a.reason == "" {
		t.advance(a.ts)
	}
}

// idle brings stream time to where idleness had brought it when the task took the event at an offset.
func (t *task) idle(offset int64) { t.idleTo(t.knows.idled(offset)) }

func (t *task) idleTo(stream int64) {
	if stream > 0 {
		t.advance(stream)
	}
}

func (t *task) resettle(v view) {
	for _, r := range t.rows {
		if m := r.members[v.plan]; m == nil || m.first == nil || t.stream >= r.expiry(t.knows) {
			continue
		}
		r.mature(t.now(), byTimer)
		r.settle(t.now(), nil)
		r.mature(t.now(), byChange)
	}
}

// advance moves stream time to an event of the task's own partition and gives up what waited too long.
func (t *task) advance(ts int64) {
	if ts <= t.stream {
		return
	}
	t.stream = ts
	for range t.waiting.expire(ts) {
		t.reject("unknown_experiment")
	}
}

// process takes one good event that belongs to this task.
func (t *task) process(e *event) {
	t.order++
	switch {
	case e.kind == endOfInput:
		t.endOfInput(e.experiment)
	case e.kind == exposure:
		t.exposure(e)
	case e.kind == retract && e.ref == e.id:
		t.reject("bad_ref")
	case e.kind == retract:
		t.touch(e)
	default:
		t.metric(e)
	}
}

// exposure judges an exposure by the registry.
func (t *task) exposure(e *event) {
	v, known := t.knows.find(e.experiment)
	switch {
	case e.experiment == "" || known && v.byEvent:
		t.reject("unknown_experiment")
	case !known:
		t.wait(e)
	case v.variant(e.variant) < 0:
		t.reject("unknown_variant")
	default:
		t.touch(e)
	}
}

// wait keeps an event until its experiment appears or the task's grace has passed.
func (t *task) wait(e *event) {
	if t.stream >= after(e.ts, t.knows.grace()) {
		t.reject("unknown_experiment")
		return
	}
	e.arrived = 0 // it comes when its experiment is there
	t.waiting.add(e, after(e.ts, t.knows.grace()))
}

// metric judges a metric event by the registry.
func (t *task) metric(e *event) {
	v, tagged := t.knows.counted(e)
	switch {
	case tagged:
		t.count(v, e)
		return
	case e.unit == "":
		if _, known := t.knows.find(e.experiment); known {
			t.reject("no_unit")
		} else {
			t.wait(e)
		}
		return
	}
	used := false
	for _, v := range t.knows.views {
		if v.byEvent {
			continue
		}
		used = used || v.uses(e.kind)
		if v.outOfRange(e) {
			t.reject("value_out_of_range")
			return
		}
	}
	if used {
		t.touch(e)
	}
}

// touch hands an event to the row of its unit.
func (t *task) touch(e *event) {
	r := t.row(e.unit)
	r.mature(t.now(), byTimer)
	r.touch(t.now(), e)
}

// row is the row of a unit; one that has expired leaves its share behind.
func (t *task) row(unit string) *row {
	r := t.rows[unit]
	if r != nil && t.stream >= r.expiry(t.knows) {
		r.mature(t.now(), byTimer)
		t.leave(r)
		r = nil
	}
	if r == nil {
		r = newRow()
		t.rows[unit] = r
	}
	return r
}

// leave takes the shares of a row over for good.
func (t *task) leave(r *row) {
	for _, v := range t.knows.views {
		if m := r.members[v.plan]; m != nil {
			t.tally(v).add(&m.share)
		}
	}
}

// close ends the replay: what has matured by now, and the shares of all rows.
func (t *task) close() {
	for _, r := range t.rows {
		r.mature(t.now(), byTimer)
		r.mature(t.now(), byIdleness)
		t.leave(r)
	}
	t.rows = nil
}

// endOfInput matures every unit of an experiment at once.
func (t *task) endOfInput(experiment string) {
	v, known := t.knows.find(experiment)
	if !known {
		t.reject("unknown_experiment")
		return
	}
	for _, r := range t.rows {
		if m := r.members[v.plan]; m != nil {
			m.mature(t.now(), v, byMark)
		}
	}
}

// tooLate says whether a metric event is older than every row keeps what it would count for.
func (t *task) tooLate(e *event) bool {
	latest := int64(math.MinInt64)
	for _, v := range t.knows.views {
		for i := range v.metrics {
			if useful := v.metrics[i].useful(e.kind); !v.byEvent && useful > 0 {
				latest = max(latest, after(after(after(e.ts, useful), v.grace), v.dedup))
			}
		}
	}
	return t.stream > latest
}

// count takes a tagged event of a unit: event experiment, as it comes.
func (t *task) count(v view, e *event) {
	variant := v.variant(e.variant)
	switch {
	case variant < 0:
		t.reject("unknown_variant")
		return
	case v.outOfRange(e):
		t.reject("value_out_of_range")
		return
	}
	into := t.tally(v)
	switch {
	case e.ts < v.start:
		into.dropped["before_start"]++
	case e.ts >= v.end():
		into.dropped["after_end"]++
	default:
		if t.stream >= after(paneOf(e.ts, variant).start+second, t.knows.grace()) {
			into.countEvent(v, variant, e, t.stream)
			into.pane(paneOf(e.ts, variant)).late++
			return
		}
		into.countEvent(v, variant, e, e.ts)
	}
}
