package task

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/abacus-stream/abacus/topology"
)

// Failure is a record that could not be dealt with where it was: the task has to go back to its last
// commit, or the app to stop.
type Failure struct {
	Task      topology.TaskID
	Topic     string
	Partition int32
	Offset    int64
	Path      string         // the nodes it came through, the one that failed last; empty where not known
	Retry     topology.Retry // what is to be done, whole
	Final     bool           // no further try is wanted
	Cause     error
}

// Error names the record, and the node where it is known.
func (f *Failure) Error() string {
	at := ""
	if f.Path != "" {
		at = fmt.Sprintf(" in %s", f.Path)
	}
	return fmt.Sprintf("task %s: record %s/%d/%d%s: %v", f.Task, f.Topic, f.Partition, f.Offset, at, f.Cause)
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Sentence is what becomes of a record that is not tried any more.
type Sentence struct {
	Policy topology.Policy // DeadLetter or Skip
	Path   string
	Cause  error
}

// Sentence gives up on the record.
func (f *Failure) Sentence() Sentence { return Sentence{f.Retry.Then, f.Path, f.Cause} }

// Trials are what becomes of failing records, and what is known of those that have failed before.
type Trials struct {
	Undecodable topology.Policy // of sources that declare none; default DeadLetter
	Failing     topology.Retry  // of nodes that declare none
	Traced      bool            // follow the records in any case, so that a failure names its node
	Again       int64           // wall time before which nothing is tried, Unix ms
	Condemned   map[string]map[int64]Sentence
}

// defaultRetry is what neither a node nor the app says otherwise.
var defaultRetry = topology.Retry{Tries: 5, Backoff: 50 * time.Millisecond, Then: topology.Stop}

// follows says whether records are traced: where some node does not do as all do by default.
func (c *Config) follows() bool {
	then := c.Trials.Failing.Then
	return c.Trials.Traced || c.Timed != nil || c.Sub.Fails() || then == topology.DeadLetter || then == topology.Skip
}

// trial is a record that fails, and can be tried again where it is.
type trial struct {
	topic  string
	offset int64
	failed int   // tries
	again  int64 // wall time of the next one, Unix ms
}

// caught turns a panic of the topology's code into an error with its place.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = &panicked{p, debug.Stack()}
	}
}

// named is caught outside of records, where nothing but it says which task it was, and at what.
func (t *Task) named(what string, err *error) {
	if p := recover(); p != nil {
		*err = &panicked{p, debug.Stack()}
	}
	if *err != nil {
		*err = fmt.Errorf("task %s: %s: %w", t.cfg.ID, what, *err)
	}
}

// panicked is a panic as an error.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Stack is where a panic came from, if an error is of one: not part of its text, which is the same each time.
func Stack(err error) []byte {
	if p, ok := errors.AsType[*panicked](err); ok {
		return p.stack
	}
	return nil
}

// failed decides about the record at which a step has failed. Nil: the task goes on, with the record
// again or without it. A record that may have left something behind is not dealt with here: what it
// left would be committed.
func (t *Task) failed(cause error, sent int) error {
	if errors.As(cause, new(*Failure)) {
		return cause
	}
	if sent < 0 || !t.stepping {
		return fmt.Errorf("task %s: record %s: %w", t.cfg.ID, t.current.String(), cause)
	}
	f := t.failure(cause, t.cfg.Trials.Failing.Or(defaultRetry))
	if t.trace == nil {
		return f
	}
	f.Path, f.Retry = t.trace.Path(), t.trace.Retry().Or(t.shown.input.Retry).Or(f.Retry)
	if t.trace.Touched() || len(t.cfg.Outbox.entries) != sent {
		return f
	}
	if t.trial.topic != f.Topic || t.trial.offset != f.Offset {
		t.trial = trial{topic: f.Topic, offset: f.Offset}
	}
	t.trial.failed++
	switch {
	case t.trial.failed < f.Retry.Tries:
		t.trial.again = t.clock.wall + f.Retry.Wait(t.trial.failed).Milliseconds()
	case f.Retry.Then == topology.Stop:
		f.Final = true
		return f
	default:
		t.condemn(f.Topic, f.Offset, f.Sentence())
	}
	return nil
}

// Misplaced is the failure of a record whose output cannot be sent where its sink wants it; nil where a timer or a
// flush sent it.
func (t *Task) Misplaced(e *Entry, cause error) error {
	if e.from == "" {
		return nil
	}
	return &Failure{Task: t.cfg.ID, Topic: e.from, Partition: t.cfg.ID.Partition, Offset: e.offset, Retry: t.cfg.Trials.Failing.Or(defaultRetry), Cause: cause}
}

func (t *Task) failure(cause error, r topology.Retry) *Failure {
	return &Failure{Task: t.cfg.ID, Topic: t.current.Topic, Partition: t.current.Partition, Offset: t.current.Offset, Retry: r, Cause: cause}
}

// condemn has the next step put the record aside.
func (t *Task) condemn(topic string, offset int64, s Sentence) {
	if t.condemned == nil {
		t.condemned = map[string]map[int64]Sentence{}
	}
	if t.condemned[topic] == nil {
		t.condemned[topic] = map[int64]Sentence{}
	}
	t.condemned[topic][offset] = s
}

// setAside carries out the sentence on the current record, if there is one.
func (t *Task) setAside() bool {
	s, ok := t.condemned[t.current.Topic][t.current.Offset]
	if !ok {
		return false
	}
	delete(t.condemned[t.current.Topic], t.current.Offset)
	if s.Policy == topology.Skip {
		t.skip(ReasonFailed)
		return true
	}
	t.reject(&t.current, ReasonFailed, s.Cause, topology.Header{Key: HeaderPath, Value: []byte(s.Path)})
	return true
}

// tally counts records that were put aside, as dead letters or left out.
type tally struct {
	aside  int64
	unread int64 // those of them that Process does not count, as they could not be decoded
}

// Aside is how many records were put aside since the last call, and how many of them Process has not counted.
func (t *Task) Aside() (records, unread int64) {
	records, unread = t.tally.aside, t.tally.unread
	t.tally = tally{}
	return records, unread
}

// skip counts a record that is left out.
func (t *Task) skip(reason string) {
	t.tally.aside++
	t.Count("skipped_total", 1)
	t.Count("skipped."+reason, 1)
}

// undecodable deals with a record that its source cannot read.
func (t *Task) undecodable(q *queue, cause error) error {
	policy := q.source.Undecodable
	if policy == topology.ByDefault {
		policy = t.cfg.Trials.Undecodable
	}
	switch policy {
	case topology.Skip:
		t.skip(ReasonUndecodable)
	case topology.Stop:
		f := t.failure(fmt.Errorf("%s: %w", ReasonUndecodable, cause), topology.Retry{Tries: 1, Then: topology.Stop})
		f.Final = true
		return f
	default:
		t.DeadLetter(ReasonUndecodable, cause)
	}
	return nil
}
