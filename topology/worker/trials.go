package worker

import (
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// trials are the records that sessions have ended at, and what was decided about them.
type trials map[place]map[int64]*trial

type trial struct {
	failed   int
	again    time.Time // of the next try
	sentence *task.Sentence
}

// judge gives the error to stop with, if it is to be. Else the next session tries the record again, in
// time, or puts it aside if it has had its tries. They are forgotten once a commit has passed the record.
func (t *trials) judge(f *task.Failure, now time.Time) error {
	if *t == nil {
		*t = trials{}
	}
	at := place{f.Topic, f.Partition}
	if (*t)[at] == nil {
		(*t)[at] = map[int64]*trial{}
	}
	r := (*t)[at][f.Offset]
	if r == nil || r.sentence != nil {
		r = &trial{}
		(*t)[at][f.Offset] = r
	}
	r.failed++
	r.again = now.Add(f.Retry.Wait(r.failed))
	switch {
	case f.Final:
		return fmt.Errorf("failed %d times in the same way: %w", f.Retry.Tries, f)
	case r.failed < f.Retry.Tries:
		return nil
	case f.Retry.Then == topology.Stop:
		return fmt.Errorf("failed %d times in the same way: %w", r.failed, f)
	}
	s := f.Sentence()
	r.sentence = &s
	return nil
}

// trials are what a restored task has to know. Once a record has failed all are followed, so that a
// further failure names its node.
func (w *worker) trials(r *restored) task.Trials {
	p := &w.app.cfg.Policies
	known := task.Trials{Undecodable: p.Undecodable, Failing: p.Failing}
	for i, src := range r.sub.Sources {
		at := place{src.Topic, r.id.Partition}
		for offset, one := range w.failures.records[at] {
			if offset < r.begin[i] {
				delete(w.failures.records[at], offset)
				continue
			}
			known.Traced = true
			if one.sentence == nil {
				known.Again = max(known.Again, one.again.UnixMilli())
			} else {
				if known.Condemned == nil {
					known.Condemned = map[string]map[int64]task.Sentence{}
				}
				if known.Condemned[src.Topic] == nil {
					known.Condemned[src.Topic] = map[int64]task.Sentence{}
				}
				known.Condemned[src.Topic][offset] = *one.sentence
			}
		}
	}
	return known
}
