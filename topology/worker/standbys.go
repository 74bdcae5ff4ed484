package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// standbys are all copies that this process keeps of tasks of others, or of tasks that are to come. One goroutine with a
// client of its own follows their changelogs, whatever becomes of the workers' sessions. A worker that opens the task in
// this process takes the stores over as they are.
type standbys struct {
	app      *App
	client   *kgo.Client // nil before the first standby
	changed  chan struct{}
	open     map[topology.TaskID]*standby
	places   map[place]*replica
	failed   map[topology.TaskID]time.Time // when it last did
	batch    state.Batch
	measured time.Time
	behind   bool // there was more to read than one poll takes
	mu       struct {
		sync.Mutex
		wanted  map[int]standing // by worker: what its last assignment said
		reports map[topology.TaskID]StandbyReport
	}
}

// StandbyReport is a standby of a task that runs in another instance, or is to come from there.
type StandbyReport struct {
	ID      topology.TaskID
	Sub     string    // name of its sub-topology
	Lag     int64     // changelog offsets that it lacks of those there were when last asked, twice a second; -1: not known yet
	Records int64     // changelog records applied since it began here
	AsOf    time.Time // it has all that was committed by then; zero: not known
}

func newStandbys(a *App) *standbys {
	s := &standbys{app: a, changed: make(chan struct{}, 1), open: map[topology.TaskID]*standby{}, places: map[place]*replica{}, failed: map[topology.TaskID]time.Time{}}
	s.mu.wanted = map[int]standing{}
	return s
}

// assign takes over what a worker's assignment says; the process keeps what any of its workers was told to.
func (s *standbys) assign(worker int, copies standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.wanted[worker] = copies
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// wanted are the tasks that this process is to keep a copy of.
func (s *standbys) wanted() map[topology.TaskID]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[topology.TaskID]bool{}
	for _, copies := range s.mu.wanted {
		for id := range copies {
			if id.Sub < len(s.app.topo.Subs) && int(id.Partition) < s.app.topics.partitions[s.app.topo.Subs[id.Sub].Sources[0].Topic] {
				all[id] = true
			}
		}
	}
	return all
}

// follow keeps the standbys until ctx ends. One that fails begins again: it is never what the truth depends on.
func (s *standbys) follow(ctx context.Context) error {
	for ctx.Err() == nil {
		if len(s.wanted()) == 0 && len(s.open) == 0 {
			select {
			case <-s.changed:
			case <-ctx.Done():
			}
			continue
		}
		if err := s.connect(); err != nil {
			return err
		}
		s.settle(ctx)
		s.poll(ctx)
		s.measureIfDue(ctx, time.Now())
		s.publish()
		if !s.behind {
			_ = pause(ctx, breath)
		}
	}
	if s.client != nil {
		s.client.Close()
	}
	return nil
}

// breath is the time between two polls of standbys that are up to date: what many commits have written is applied at once.
const breath = 50 * time.Millisecond

// connect makes the client, which consumes what it is told to, without a group.
func (s *standbys) connect() (err error) {
	if s.client != nil {
		return nil
	}
	s.client, err = kgo.NewClient(append(s.app.cfg.base(s.app.topo.App+"-standby"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		// A changelog that is added waits for the fetch in flight; so that wait is short.
		kgo.FetchMaxWait(250*time.Millisecond), kgo.FetchMaxBytes(50<<20), kgo.FetchMaxPartitionBytes(4<<20))...)
	if err != nil {
		return fmt.Errorf("client of standbys: %w", err)
	}
	return nil
}

// tryAgain is how long a standby that failed rests.
const tryAgain = 2 * time.Second

// end ends a standby that cannot go on: as its task is a worker's now, or for a fault that is tried again later.
func (s *standbys) end(b *standby, err error) {
	if !errors.Is(err, errLeaseEnded) {
		s.app.log.Warn("standby failed, it begins again", zap.Stringer("task", b.id), zap.Error(err))
		s.failed[b.id] = time.Now()
	}
	if s.open[b.id] == b {
		s.stop(b.id)
	}
}

// settle begins the standbys that are wanted and ends those that are not, or whose task a worker of this process has.
func (s *standbys) settle(ctx context.Context) {
	wanted := s.wanted()
	for id := range s.open {
		if !wanted[id] || s.app.desk.has(id) {
			s.stop(id)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(wanted), byTask) {
		if s.open[id] == nil && time.Since(s.failed[id]) > tryAgain {
			s.start(ctx, id)
		}
	}
}

// start opens the stores of a task, unless a worker of this process has it.
func (s *standbys) start(ctx context.Context, id topology.TaskID) {
	sub := s.app.topo.Subs[id.Sub]
	b := &standby{id: id, sub: sub}
	// Invariant (the worker goes first): the leases are taken while no worker can take the task in hand, so a standby never
	// ends a worker's.
	free := s.app.desk.unlessHeld(id, func() {
		for _, def := range sub.Stores {
			store := s.app.engine.store(s.app.storeName(id, def), def.Memory)
			b.replicas = append(b.replicas, &replica{of: b, store: store, changelog: s.app.topics.ids[sub.Changelog(def)], source: def.SourceTopic != "", limit: unlimited, end: -1})
		}
	})
	if !free {
		return
	}
	for i, r := range b.replicas {
		if err := s.begin(ctx, r, sub.Stores[i]); ctx.Err() != nil {
			return
		} else if err != nil {
			s.end(b, fmt.Errorf("store %s: %w", sub.Stores[i].Name, err))
			return
		}
	}
	s.open[id] = b
	for i, r := range b.replicas {
		s.places[place{sub.Changelog(sub.Stores[i]), id.Partition}] = r
		s.consume(place{sub.Changelog(sub.Stores[i]), id.Partition}, r.next)
	}
	s.measured = time.Time{}
	s.app.log.Info("standby begins", zap.Stringer("task", id))
}

// begin is where a replica goes on: at its checkpoint, or with nothing where that is not to be trusted.
func (s *standbys) begin(ctx context.Context, r *replica, def topology.Store) error {
	topic := r.of.sub.Changelog(def)
	if def.SourceTopic != "" {
		r.limit = 0 // until the group's offsets are known
	}
	checkpoint, kept, err := r.store.Checkpoint()
	if err == nil && kept && checkpoint.Changelog != r.changelog {
		err = fmt.Errorf("%w: it is of another topic %s than the present one", errUntrusted, topic)
	}
	if err == nil && kept {
		var end int64
		in := &reader{app: s.app, topic: topic, partition: r.of.id.Partition, next: checkpoint.ChangelogOffset}
		if end, err = s.app.logEnd(ctx, topic, r.of.id.Partition); err == nil && in.next > end {
			err = fmt.Errorf("%w: contains %s up to %d, the log ends at %d", errUntrusted, topic, in.next, end)
		}
		if err == nil {
			err = s.app.fresh(ctx, in, end)
		}
	}
	if errors.Is(err, errUntrusted) || errors.Is(err, state.ErrCorrupt) {
		s.app.log.Error("state is rebuilt from the changelog", zap.Stringer("standby", r.of.id), zap.Error(err))
		checkpoint, err = state.Checkpoint{}, r.store.Clear()
	}
	r.next = checkpoint.ChangelogOffset
	return err
}

// consume has the client read a changelog from an offset on, 0 being its start.
func (s *standbys) consume(at place, next int64) {
	from := kgo.NewOffset().At(next)
	if next == 0 {
		from = kgo.NewOffset().AtStart()
	}
	s.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{at.topic: {at.partition: from}})
	s.client.ResumeFetchPartitions(map[string][]int32{at.topic: {at.partition}})
}

func (s *standbys) stop(id topology.TaskID) {
	b := s.open[id]
	delete(s.open, id)
	for _, def := range b.sub.Stores {
		at := place{b.sub.Changelog(def), id.Partition}
		delete(s.places, at)
		s.client.RemoveConsumePartitions(map[string][]int32{at.topic: {at.partition}})
	}
	s.app.log.Info("standby ends", zap.Stringer("task", id), zap.Int64("records", b.records))
	s.publish()
}

// poll applies what the changelogs have had.
func (s *standbys) poll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	fetches := s.client.PollRecords(ctx, s.app.cfg.PollRecords)
	cancel()
	s.behind = fetches.NumRecords() >= s.app.cfg.PollRecords
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if r := s.places[place{p.Topic, p.Partition}]; r != nil {
			if err := s.take(r, p); err != nil {
				s.end(r.of, fmt.Errorf("%s: %w", p.Topic, err))
			}
		}
	})
}

// take applies the records of one changelog. One that has lost what comes next is read from its start into an empty store.
func (s *standbys) take(r *replica, p kgo.FetchTopicPartition) error {
	if errors.Is(p.Err, kerr.OffsetOutOfRange) {
		s.app.log.Error("state is rebuilt from the changelog", zap.Stringer("standby", r.of.id), zap.Error(p.Err))
		if err := r.store.Clear(); err != nil {
			return err
		}
		r.next, r.held, r.end, r.of.asOf = 0, nil, -1, time.Time{}
		s.publish()
		s.client.RemoveConsumePartitions(map[string][]int32{p.Topic: {p.Partition}})
		s.consume(place{p.Topic, p.Partition}, 0)
		return nil
	}
	if p.Err != nil {
		return p.Err
	}
	if err := r.take(&s.batch, p.Records); err != nil {
		return err
	}
	if len(r.held) > 0 {
		s.client.PauseFetchPartitions(map[string][]int32{p.Topic: {p.Partition}})
	}
	return nil
}
