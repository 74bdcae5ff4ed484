package verify

import "slices"

// row is one unit in one task, from its first event until it expires.
type row struct {
	seen     map[string]*held // by event id, of every type
	events   []*held          // metric events in the order of their arrival
	members  map[*plan]*member
	asked    []asked // retractions that wait for their targets
	conflict int64
	late     int64
	last     int64 // greatest event time or stream time of an event
	astray   bool  // some of its events were forwarded
}

// held is one event as a row holds it.
type held struct {
	e         *event
	order     int // of arrival in the task
	retracted bool
	refused   bool // would have pushed a total beyond 2^53
}

// asked is a retraction that waits for its target until a stream time.
type asked struct {
	e   *event
	due int64
}

func newRow() *row {
	return &row{seen: map[string]*held{}, members: map[*plan]*member{}}
}

// counts says whether metrics may count the event: those of runs that were known when it came.
func (h *held) counts(v view) bool { return !h.retracted && !h.refused && h.order > v.since }

// moment is when something happens to a row.
type moment struct {
	task   *task
	stream int64
	order  int
}

// arrival is the stream time at which an event came: of a forwarded one, that of the task that forwarded it.
func (at moment) arrival(e *event) int64 {
	if e.arrived != 0 {
		return e.arrived
	}
	return at.stream
}

// touch takes one event: exactly once an id; the first offset wins.
func (r *row) touch(at moment, e *event) {
	h := &held{e: e, order: at.order}
	r.astray = r.astray || e.partition != at.task.partition
	old := r.seen[e.id]
	switch {
	case old != nil && old.e.content == e.content:
		return
	case old != nil:
		r.conflict++
	default:
		r.take(at, h)
	}
	r.settle(at, h)
	r.mature(at, byChange)
}

// take takes an event of a new id.
func (r *row) take(at moment, h *held) {
	switch {
	case h.e.kind == retract:
		r.retract(at, h)
		return
	case h.e.kind == exposure:
		r.refuseAsked(at, h.e.id)
		r.expose(at, h)
	case at.task.tooLate(h.e):
		r.late++
	default:
		h.retracted = r.answerAsked(h.e.id)
		r.events = append(r.events, h)
	}
	r.keep(at, h)
}

// keep remembers an event's id.
func (r *row) keep(at moment, h *held) {
	r.seen[h.e.id] = h
	r.last = max(r.last, h.e.ts, at.stream)
}

// expose takes an exposure of a known experiment and variant.
func (r *row) expose(at moment, h *held) {
	v, _ := at.task.knows.find(h.e.experiment)
	qualifies := h.e.ts >= v.start && h.e.ts < v.end()
	if qualifies && at.stream > after(h.e.ts, v.reach()) {
		r.late++
		return
	}
	m := r.members[v.plan]
	if m == nil {
		m = &member{variants: map[string]bool{}, matured: make([]bool, len(v.metrics))}
		r.members[v.plan] = m
	}
	switch {
	case h.e.ts < v.start:
		m.before++
	case !qualifies:
		m.after++
	default:
		m.expose(at, v, h)
	}
}

// expose takes an exposure inside the experiment's time.
func (m *member) expose(at moment, v view, h *held) {
	before := m.crossed(v)
	m.variants[h.e.variant] = true
	if m.seen && m.checked && m.crossed(v) && !before {
		for _, c := range at.task.tally(v).ripeCells(byChange, at.stream, m.arm, m.segments) {
			c.crossed++
		}
	}
	switch {
	case m.first == nil:
		m.order, m.stream = h.order, at.arrival(h.e)
		m.place(v, h.e)
	case !earlier(h.e, m.first):
	case m.frozen:
		at.task.tally(v).correct(m.arm, m.segments)
	default:
		m.place(v, h.e)
	}
}

// crossed says whether the unit is excluded for having been seen in several variants.
func (m *member) crossed(v view) bool { return !v.first && len(m.variants) > 1 }

// place makes an exposure the first one; the epoch is decided by the versions known now.
func (m *member) place(v view, e *event) {
	m.first, m.arm = e, cellKey{variant: v.variant(e.variant), epoch: v.epoch(e.version, e.ts)}
	m.segments = v.segmentsOf(e)
	m.drawn = v.drawn(e)
	if !m.seen {
		m.checked = m.drawn && v.leftOut(e.unit) == ""
	}
}

// earlier is the order of exposures: event time, then id as bytes.
func earlier(a, b *event) bool {
	if a.ts != b.ts {
		return a.ts < b.ts
	}
	return a.id < b.id
}

// retract takes a retraction whose target may be here, may come, or may not be retracted. As a dead letter it leaves no trace.
func (r *row) retract(at moment, h *held) {
	target, due := r.seen[h.e.ref], after(h.e.ts, at.task.knows.grace())
	switch {
	case target != nil && !target.e.metric():
		at.task.reject("bad_ref")
		return
	case r.matured(at.task.knows), target == nil && at.stream >= due:
		at.task.reject("retract_too_late")
		return
	case target != nil:
		target.retracted = true
	default:
		r.asked = append(r.asked, asked{h.e, due})
	}
	r.refuseAsked(at, h.e.id)
	r.keep(at, h)
}

// answerAsked says whether retractions wait for a metric event that has come.
func (r *row) answerAsked(id string) bool {
	waiting := len(r.asked)
	r.asked = slices.DeleteFunc(r.asked, func(a asked) bool { return a.e.ref == id })
	return len(r.asked) < waiting
}

// refuseAsked turns down the retractions that wait for an event which is no metric event.
func (r *row) refuseAsked(at moment, id string) {
	r.dropAsked(at, "bad_ref", func(a asked) bool { return a.e.ref == id })
}

// dropAsked makes waiting retractions dead letters; their ids are free again.
func (r *row) dropAsked(at moment, reason string, drop func(asked) bool) {
	r.asked = slices.DeleteFunc(r.asked, func(a asked) bool {
		if drop(a) {
			delete(r.seen, a.e.id)
			at.task.reject(reason)
			return true
		}
		return false
	})
}

// matured says whether every metric of every experiment that the unit is in has matured.
func (r *row) matured(k *knowledge) bool {
	exposed := false
	for _, v := range k.views {
		if m := r.members[v.plan]; m != nil && m.first != nil {
			exposed = true
			if !m.frozen {
				return false
			}
		}
	}
	return exposed
}

// expiry is the stream time at which the row is gone.
func (r *row) expiry(k *knowledge) int64 {
	due, exposed := int64(0), false
	for _, v := range k.views {
		if m := r.members[v.plan]; m != nil && m.first != nil {
			exposed = true
			due = max(due, after(m.first.ts, v.reach()))
		}
	}
	if !exposed {
		due = after(r.last, k.longestDedup())
	}
	for _, a := range r.asked {
		due = max(due, a.due)
	}
	return due
}
