package topologytest

import (
	"errors"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// trials are the records that a worker went back to its last commit for, by topic/partition and offset. As those of a
// worker on a broker they are forgotten when its instance is killed: the tries begin anew.
type trials map[string]map[int64]*trial

type trial struct {
	failed   int
	again    int64 // wall time of the next try, Unix ms
	sentence *task.Sentence
}

// judge says whether the worker goes on: with a further try of the record, or without it after its last one.
func (t trials) judge(f *task.Failure, wall int64) bool {
	at := place(f.Topic, f.Partition)
	if t[at] == nil {
		t[at] = map[int64]*trial{}
	}
	r := t[at][f.Offset]
	if r == nil {
		r = &trial{}
		t[at][f.Offset] = r
	}
	r.failed++
	r.again = wall + f.Retry.Wait(r.failed).Milliseconds()
	switch {
	case f.Final:
		return false
	case r.failed < f.Retry.Tries:
		return true
	case f.Retry.Then == topology.Stop:
		return false
	}
	s := f.Sentence()
	r.sentence = &s
	return true
}

// known is what a restored task has to know of one of its sources, from the offset on where it begins.
func (t trials) known(all *task.Trials, topic string, partition int32, begin int64) {
	for offset, r := range t[place(topic, partition)] {
		switch {
		case offset < begin:
			continue
		case r.sentence == nil:
			all.Again = max(all.Again, r.again)
			continue
		case all.Condemned == nil:
			all.Condemned = map[string]map[int64]task.Sentence{}
		}
		if all.Condemned[topic] == nil {
			all.Condemned[topic] = map[int64]task.Sentence{}
		}
		all.Condemned[topic][offset] = *r.sentence
	}
}

// failed ends the session of a worker at a record that a node failed at after state was touched: its tasks go back to
// their last commit. Where no policy says what to do the app would stop in the end, and the test fails at once.
func (d *Driver) failed(w *worker, sub *topology.Sub, cause error) {
	d.t.Helper()
	var f *task.Failure
	if !errors.As(cause, &f) || !sub.Fails() || !w.trials.judge(f, d.wall) {
		d.t.Fatal(cause)
		return
	}
	d.reopen(w)
}
