package worker

import (
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// standby is a copy of the state of a task whose worker is in another process.
type standby struct {
	id       topology.TaskID
	sub      *topology.Sub
	replicas []*replica // by store
	records  int64      // applied since it began
	asked    time.Time  // when the ends were
	asOf     time.Time  // it has all that was committed by then; zero: not known
}

// replica is one store of a standby, kept up with its changelog as a restore does that never ends.
//
// Invariant (behind the log): what it has applied is committed, and of a table that is read from its source topic what the
// group has committed as processed. So who takes the task over never finds state that is ahead.
type replica struct {
	of        *standby
	store     state.Store
	changelog [16]byte // topic id
	source    bool     // of a table: what has no key there is no row
	next      int64    // changelog offset that the store does not contain
	limit     int64    // offset before which it may be applied
	held      []*kgo.Record
	end       int64 // committed end of the changelog when it was last asked for; -1: not yet
}

// unlimited is the limit of what only a transaction makes visible.
const unlimited = math.MaxInt64

// lag is how many offsets a standby lacks; not known before the ends have been asked for.
func (s *standby) lag() (n int64, known bool) {
	for _, r := range s.replicas {
		if r.end < 0 {
			return 0, false
		}
		n += max(min(r.end, r.limit)-r.next, 0)
	}
	return n, true
}

// take applies fetched records, the first of them at the replica's position or behind it.
func (r *replica) take(batch *state.Batch, records []*kgo.Record) error {
	r.held = append(r.held, records...)
	return r.apply(batch)
}

// apply moves the records below the limit into the store, in one batch with the position.
func (r *replica) apply(batch *state.Batch) error {
	batch.Reset()
	n, next := 0, r.next
	for _, rec := range r.held {
		if rec.Offset >= r.limit {
			break
		}
		n, next = n+1, rec.Offset+1
		if !rec.Attrs.IsControl() && !(r.source && rec.Key == nil) {
			batch.Replay(rec.Key, rec.Value)
			r.of.records++
		}
	}
	if n == 0 {
		return nil
	}
	batch.SetCheckpoint(state.Checkpoint{ChangelogOffset: next, Changelog: r.changelog})
	if err := r.store.Apply(batch); err != nil {
		return err
	}
	r.next = next
	if r.held = r.held[n:]; len(r.held) == 0 {
		r.held = nil // so that the records are not kept alive
	}
	return nil
}
