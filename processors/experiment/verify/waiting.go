package verify

// waiting is the events of one task whose experiment is not known, in the order of their arrival.
type waiting struct {
	events []waiter
	due    map[waiterKey]int64
	next   int64 // the earliest time at which one is given up
}

// waiter is one of them. Those of one experiment, unit and id share the time of the first: together they are one dead letter.
type waiter struct {
	e   *event
	due int64 // stream time at which it is given up
}

type waiterKey struct{ experiment, unit, id string }

func (e *event) waiterKey() waiterKey { return waiterKey{e.experiment, e.unit, e.id} }

func newWaiting() waiting { return waiting{due: map[waiterKey]int64{}, next: never} }

// add lets an event wait until a stream time, or as long as the first of its id.
func (w *waiting) add(e *event, due int64) {
	key := e.waiterKey()
	if first, waits := w.due[key]; waits {
		due = first
	}
	w.due[key] = due
	w.events = append(w.events, waiter{e, due})
	w.next = min(w.next, due)
}

// take removes the events that waited for an experiment and gives them in the order of their arrival.
func (w *waiting) take(experiment string) []*event {
	taken := w.split(func(waiter waiter) bool { return waiter.e.experiment == experiment })
	events := make([]*event, len(taken))
	for i, waiter := range taken {
		events[i] = waiter.e
	}
	return events
}

// expire removes what has waited too long and says how many different ids it had.
func (w *waiting) expire(stream int64) int {
	if stream < w.next {
		return 0
	}
	ids := map[waiterKey]bool{}
	for _, waiter := range w.split(func(waiter waiter) bool { return stream >= waiter.due }) {
		ids[waiter.e.waiterKey()] = true
	}
	return len(ids)
}

// split takes out the events that a test finds.
func (w *waiting) split(out func(waiter) bool) (taken []waiter) {
	kept := newWaiting()
	for _, waiter := range w.events {
		if out(waiter) {
			taken = append(taken, waiter)
		} else {
			kept.add(waiter.e, waiter.due)
		}
	}
	*w = kept
	return taken
}
