package worker

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// Stale is the store with the standbys of this instance: of a partition that another instance has, it shows rows that have
// all that was committed that long ago, and maybe more. They are committed, and no older than the bound, but a later read
// may show older rows than an earlier one that was answered by the task. Standbys that are up to date are known to be so
// about twice a second, so a bound below a second is seldom met.
//
// Errors of reads are those of Store; ErrNotHeld also where the standby may lack more.
func (s *Store) Stale(most time.Duration) *Store {
	stale := *s
	stale.stale = most
	return &stale
}

func (r *running) view(store string) *state.View {
	return r.task.Table(store).View(r.task.Position().StreamTime)
}

// read reads a store of a standby that has all that was committed so long ago, on the goroutine of the caller.
func (s *standbys) read(id topology.TaskID, def topology.Store, most time.Duration, do func(*state.View) error) error {
	s.app.closing.RLock() // keeps the engine open
	defer s.app.closing.RUnlock()
	if _, err := s.app.desk.tasks(s.app.topo.Subs[id.Sub]); err != nil {
		return err
	}
	before, err := s.fresh(id, most)
	if err != nil {
		return err
	}
	streamTime, err := s.streamTime(id)
	if err != nil {
		return err
	}
	store := s.app.engine.open(s.app.storeName(id, def), def.Memory)
	if err := do(state.StandbyView(store, streamTime)); err != nil {
		return errors.Join(err, store.Close())
	}
	// A standby that has begun anew meanwhile may have been read empty.
	if after, ok := s.report(id); !ok || after.AsOf.Before(before) {
		return errors.Join(ErrNotHeld, store.Close())
	}
	return store.Close()
}

// streamTime is that of a task, as far as its standby knows.
func (s *standbys) streamTime(id topology.TaskID) (int64, error) {
	stores := s.app.topo.Subs[id.Sub].Stores
	store := s.app.engine.open(s.app.storeName(id, stores[len(stores)-1]), false)
	row, ok, err := store.Get(task.PositionKey())
	p := task.Position{StreamTime: math.MinInt64}
	if err == nil && ok {
		p, err = task.ParsePosition(row)
	}
	return p.StreamTime, errors.Join(err, store.Close())
}

// fresh is the time of which a standby has all that was committed, if that is not too long ago.
func (s *standbys) fresh(id topology.TaskID, most time.Duration) (asOf time.Time, err error) {
	r, ok := s.report(id)
	switch age := time.Since(r.AsOf); {
	case !ok:
		return asOf, ErrNotHeld
	case r.AsOf.IsZero():
		return asOf, fmt.Errorf("%w, and its standby has yet to come up to the log", ErrNotHeld)
	case age > most:
		return asOf, fmt.Errorf("%w, and its standby may lack what was committed within %s, %s are allowed", ErrNotHeld, age.Round(time.Millisecond), most)
	}
	return r.AsOf, nil
}

func (s *standbys) report(id topology.TaskID) (r StandbyReport, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok = s.mu.reports[id]
	return r, ok
}

// partitions adds those of a sub-topology that this process has standbys of.
func (s *standbys) partitions(sub int, held []int32) []int32 {
	for _, r := range s.reports() {
		if r.ID.Sub == sub && !slices.Contains(held, r.ID.Partition) {
			held = append(held, r.ID.Partition)
		}
	}
	slices.Sort(held)
	return held
}
