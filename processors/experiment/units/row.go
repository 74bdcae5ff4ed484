package units

import (
	"bytes"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// Row is one unit, from its first event until Last or its last maturity is dedup_for ago. Times are Unix ms.
type Row struct {
	Timer      int64 // stream time at which the row is looked at next; math.MaxInt64: never
	Last       int64 // greatest event time or stream time of its events
	Late       int64 // events that went to the late topic
	Conflicts  int64 // events with a known id and other content
	Enrolments []Enrolment
	Pending    []Pending
	Kept       []Kept  // every event with an id of its own, in the order of arrival
	Values     []int64 // of Kept
	Names      []byte  // of Kept, ids of those that keep them
}

// Enrolment is a unit's part in one run of an experiment.
type Enrolment struct {
	Experiment  uint64 // xxhash64 of its name
	Run         int
	BeforeStart int64 // exposures ignored
	AfterEnd    int64

	Exposed bool // the rest is of exposed units
	Several bool // seen in more than one variant
	Checked bool // the split check is of it: once it is seen, that it was counted there
	Drawn   bool // its variant was drawn, by weights that are known
	LeftOut experiment.Cause
	First   int64  // event time of the first exposure, ties by id
	FirstID []byte // its id
	Variant int    // its variant, by index
	Epoch   int64  // its allocation epoch, a config version
	Parts   segments
	Arrived int64 // stream time when the exposure that came first came, see arrived
	Earlier int   // how many of Kept had come before it
	Seen    int64 // Place at which it was counted as first seen; 0: not yet
	Totals  []int64
	Matured []int64 // Place at which each metric matured; 0: not yet
}

// Place is an input offset as rows hold it, so that 0 is none: the next offset of the events topic plus 2.
func Place(next int64) int64 { return next + 2 }

// Pending is a retraction whose target has not come.
type Pending struct {
	ID, Ref uint64 // hashes of its id and of its target's
	Due     int64  // stream time at which it is too late
}

// Kept is what a row keeps of one event.
type Kept struct {
	ID        uint64 // xxhash64 of the id
	Content   uint32 // upper half of Event.Content
	Kind      Kind
	HasValue  bool
	Retracted bool
	Refused   bool // would have pushed a total beyond 2^53
	Time      int64
	Class     uint32 // which metrics take it

	values, n   int // in Row.Values
	name, named int // in Row.Names
}

// Kind is what an event was.
type Kind uint8

// The kinds of a kept event.
const (
	Metric     Kind = iota
	Exposure        // its id alone is kept
	Retraction      // likewise
	Spent           // a metric event or exposure that went to the late topic; its id is kept
	Void            // a retraction that became a dead letter: its id is free again
)

// reset empties the row and keeps its memory.
func (r *Row) reset() {
	*r = Row{Timer: never, Last: 0, Enrolments: r.Enrolments[:0], Pending: r.Pending[:0], Kept: r.Kept[:0], Values: r.Values[:0], Names: r.Names[:0]}
}

// enrolment is the index of a unit's part in a run; -1 if it has none.
func (r *Row) enrolment(x *run) int {
	for i := range r.Enrolments {
		if e := &r.Enrolments[i]; e.Experiment == x.hash && e.Run == x.number {
			return i
		}
	}
	return -1
}

// enrol adds a unit's part in a run.
func (r *Row) enrol(x *run) *Enrolment {
	e := grow(&r.Enrolments)
	*e = Enrolment{Experiment: x.hash, Run: x.number, FirstID: e.FirstID[:0], Totals: e.Totals[:0], Matured: e.Matured[:0]}
	return e
}

// expose makes an enrolment that of an exposed unit.
func (e *Enrolment) expose(x *run, stream int64, earlier int) {
	e.Exposed, e.Arrived, e.Earlier = true, stream, earlier
	for range x.metrics {
		e.Totals, e.Matured = append(e.Totals, 0), append(e.Matured, 0)
	}
}

// precedes is the order of exposures: event time, then id as bytes.
func (e *Enrolment) precedes(at int64, id []byte) bool {
	if e.First != at {
		return e.First < at
	}
	return bytes.Compare(e.FirstID, id) <= 0
}

// allMatured says that attribution no longer moves.
func (e *Enrolment) allMatured() bool {
	for _, place := range e.Matured {
		if place == 0 {
			return false
		}
	}
	return true
}

// find gives the kept event of an id, nil for a new one.
func (r *Row) find(id uint64) *Kept {
	for i := range r.Kept {
		if k := &r.Kept[i]; k.ID == id && k.Kind != Void {
			return k
		}
	}
	return nil
}

// keep adds an event.
func (r *Row) keep(k Kept, values []int64) {
	k.values, k.n = len(r.Values), len(values)
	r.Values = append(r.Values, values...)
	*grow(&r.Kept) = k
}

// name keeps the id of the event that was kept last.
func (r *Row) name(id []byte) {
	k := &r.Kept[len(r.Kept)-1]
	k.name, k.named = len(r.Names), len(id)
	r.Names = append(r.Names, id...)
}

// later is the order of events: event time, then id as bytes.
func (r *Row) later(a, b *Kept) bool {
	if a.Time != b.Time {
		return a.Time > b.Time
	}
	return bytes.Compare(r.Names[a.name:a.name+a.named], r.Names[b.name:b.name+b.named]) > 0
}

// counts says whether metrics may count the event.
func (k *Kept) counts() bool { return k.Kind == Metric && !k.Retracted && !k.Refused }

// grow extends a slice by one element, which keeps what the memory held: slices to be used again.
func grow[T any](s *[]T) *T {
	if n := len(*s); n < cap(*s) {
		*s = (*s)[:n+1]
	} else {
		var zero T
		*s = append(*s, zero)
	}
	return &(*s)[len(*s)-1]
}
