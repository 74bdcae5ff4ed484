package worker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// stepError is a failure of the topology's own code outside of a record, or of state that the log cannot
// mend: worth a few tries, not more.
type stepError struct {
	at    fault
	cause error
}

func (e *stepError) Error() string { return e.cause.Error() }
func (e *stepError) Unwrap() error { return e.cause }

// fault is what fails in the same way, whatever the error says.
type fault struct {
	task string // empty: of no one task
	what string
}

// failedAt is the failure of a task at what it was doing.
func failedAt(id topology.TaskID, what string, cause error) error {
	return &stepError{fault{id.String(), what}, cause}
}

// faultOf is the fault of an error that no session is likely to mend; ok is false for any other.
func faultOf(err error) (at fault, ok bool) {
	if step, ok := errors.AsType[*stepError](err); ok {
		return step.at, true
	}
	return fault{what: err.Error()}, isOneOf(err, refusals)
}

// failures decides how a worker goes on after a session that ended in an error.
type failures struct {
	instance string
	steps    map[fault]*series // tasks may take turns
	records  trials
	last     string
	lastAt   time.Time
	fencedAt time.Time
	backoff  time.Duration
}

// series are the failures at one fault.
type series struct {
	failed int
	passed time.Time // of the first commit of the task since the last one; zero: there was none
}

// sameLimit is how often a step may fail in the same way before the app stops, calm how long after a commit that
// got past a failure it is forgotten: time alone, as that of a long restore, mends nothing.
const (
	sameLimit = 5
	calm      = time.Minute
	backoff   = 50 * time.Millisecond // the first one; each next one is twice as long
)

// judge gives the time to wait before the next session, or the error to stop with.
func (f *failures) judge(err error, now time.Time) (time.Duration, error) {
	if isOneOf(err, fences) {
		if now.Sub(f.fencedAt) < time.Minute {
			return 0, fmt.Errorf("fenced twice within a minute: another process has the instance id %s too; each needs a state directory of its own, not a copy that brings the id along: %w", f.instance, err)
		}
		f.fencedAt = now
		return 0, nil
	}
	if _, ok := errors.AsType[*alarmError](err); ok {
		return 0, err
	}
	if failed, ok := errors.AsType[*task.Failure](err); ok {
		return 0, f.records.judge(failed, now)
	}
	if at, ok := faultOf(err); ok {
		n := f.again(at, now)
		if n >= sameLimit {
			return 0, fmt.Errorf("failed %d times in the same way: %w", n, err)
		}
		return backoff << (n - 1), nil
	}
	return f.patience(err.Error(), now), nil
}

// again counts a failure at a fault, and says the how manieth it is.
func (f *failures) again(at fault, now time.Time) int {
	s := f.steps[at]
	if s == nil || s.over(now) {
		s = &series{}
	}
	if f.steps == nil {
		f.steps = map[fault]*series{}
	}
	f.steps[at] = s
	s.failed, s.passed = s.failed+1, time.Time{}
	return s.failed
}

func (s *series) over(now time.Time) bool { return !s.passed.IsZero() && now.Sub(s.passed) > calm }

// patience is the wait after a failure that may pass by itself: longer each time while it is the same.
func (f *failures) patience(text string, now time.Time) time.Duration {
	if text != f.last || now.Sub(f.lastAt) > calm {
		f.backoff = backoff
	}
	f.last, f.lastAt = text, now
	wait := f.backoff
	f.backoff = min(2*f.backoff, 5*time.Second)
	return wait
}

// committed takes note of a commit of tasks.
func (f *failures) committed(touched []*running, now time.Time) {
	for at, s := range f.steps {
		in := func(r *running) bool { return r.task.Task().String() == at.task }
		switch {
		case at.task != "" && !slices.ContainsFunc(touched, in):
		case s.passed.IsZero():
			s.passed = now
		case s.over(now):
			delete(f.steps, at)
		}
	}
}

// fences are the answers to a producer or member whose place another one has taken.
var fences = []error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.FencedInstanceID, kerr.InvalidProducerIDMapping}

// refusals are answers that stay the same until somebody changes a setting or a right.
var refusals = []error{
	kerr.InvalidSessionTimeout, kerr.InvalidTransactionTimeout, kerr.TopicAuthorizationFailed,
	kerr.GroupAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed, kerr.ClusterAuthorizationFailed,
}

func isOneOf(err error, causes []error) bool {
	return slices.ContainsFunc(causes, func(cause error) bool { return errors.Is(err, cause) })
}
