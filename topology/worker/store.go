package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// ErrUnknownStore says that the topology has no store of a name.
var ErrUnknownStore = errors.New("no such store")

// Store reads a store of the topology, of the tasks that this instance holds: an interactive query. Safe for
// concurrent use.
//
// It shows what is committed and nothing else. A read waits until its task is between two commits, CommitEvery at the
// most while commits succeed, and until ctx ends where they do not; then it shows all of them. So who has seen an
// output in a topic, read committed, finds here the rows that it came with. A member that the group has put out
// without its knowing yet shows its last commit, for the session timeout at the most.
//
// Its keys and values are those that the operator forwards, in the bytes of the user's codecs: of an aggregate the
// result, of a table the value, of windows and sessions that are open the result by the key of processors.WindowedCodec.
// A row of a processor of the user's own, and of a join, Suppress or Dedup, is shown as it is kept.
//
// Errors, wrapped: ErrNotHeld, ErrRestoring, ErrNotRunning, state.ErrKey for a key that is none of the store, those of a
// row that does not parse, of ctx and of the engine.
type Store struct {
	app     *App
	sub     *topology.Sub
	name    string
	by      topology.Partitioner
	def     topology.Store
	reading state.Reading
	stale   time.Duration // what a standby may lack; 0: tasks alone are read
}

// Row is what a store shows: one value. Its bytes are the reader's.
type Row struct {
	Partition  int32
	Key, Value []byte
	Record     []byte // the key of the records; of stores without windows it is Key
	Start, End int64  // of the window, Unix ms; 0 of stores without windows
}

// Span says which rows of a store to read. Its zero value is all rows of all partitions held here.
type Span struct {
	Partitions   []int32   // one after the other; nil: all that this instance holds, or that of Key
	Key          []byte    // not nil: all windows of this key of records, else From and To count
	From, To     []byte    // From <= key of records < To; an empty bound is open
	Since, Until time.Time // of windows: Since <= start < Until; a zero time is open
	Reverse      bool      // in descending order within each partition
}

// Store opens a store by its name. Errors: ErrUnknownStore.
func (a *App) Store(name string) (*Store, error) {
	for _, sub := range a.topo.Subs {
		for _, def := range sub.Stores[:len(sub.Stores)-1] { // the last one is the engine's own
			if def.Name == name {
				return &Store{app: a, sub: sub, name: name, by: partitioner(a.topo, sub), def: def, reading: def.Read()}, nil
			}
		}
	}
	return nil, fmt.Errorf("app %s: store %q: %w: Describe prints the names", a.topo.App, name, ErrUnknownStore)
}

// partitioner is what put the records of a sub-topology into their partitions.
func partitioner(topo *topology.Topology, sub *topology.Sub) topology.Partitioner {
	for _, upstream := range topo.Subs {
		for _, sink := range upstream.Sinks {
			if sink.Repartition && sink.Topic == sub.Sources[0].Topic {
				return sink.Partition
			}
		}
	}
	return topology.PartitionOf
}

// Name is the store's name in the topology.
func (s *Store) Name() string { return s.name }

// Partitions is the number of partitions of the store, over all instances.
func (s *Store) Partitions() (int, error) {
	n, err := s.app.desk.tasks(s.sub)
	return n, s.failed(-1, err)
}

// Held are the partitions that this instance holds now, those being restored too, ascending; of a Stale store also those
// that it has standbys of.
func (s *Store) Held() []int32 {
	held := s.app.desk.partitions(s.sub.ID)
	if s.stale > 0 {
		held = s.app.copies.partitions(s.sub.ID, held)
	}
	return held
}

// PartitionOf is the partition of a key: that of the records that it is made of, whatever window it is of. Keys of a
// store of the user's own are taken for keys of records.
func (s *Store) PartitionOf(key []byte) (int32, error) {
	record, err := s.reading.Record(key)
	if err != nil {
		return 0, s.failed(-1, err)
	}
	return s.PartitionOfRecord(record)
}

// PartitionOfRecord is the partition of a key of records.
func (s *Store) PartitionOfRecord(record []byte) (int32, error) {
	n, err := s.Partitions()
	if err != nil {
		return 0, err
	}
	return s.by(record, n), nil
}

// Get returns the value of a key, and whether it has one.
func (s *Store) Get(ctx context.Context, key []byte) (value []byte, ok bool, err error) {
	partition, err := s.PartitionOf(key)
	if err != nil {
		return nil, false, err
	}
	return s.GetIn(ctx, partition, key)
}

// GetIn returns the value of a key in a partition, and whether it has one.
func (s *Store) GetIn(ctx context.Context, partition int32, key []byte) (value []byte, ok bool, err error) {
	var found []byte // a read that nobody waits for any more may still write to it
	var has bool
	err = s.read(ctx, partition, func(v *state.View) (err error) {
		found, has, err = s.reading.Get(v, key)
		found = slices.Clone(found)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return found, has, nil
}

func (s *Store) read(ctx context.Context, partition int32, do func(*state.View) error) error {
	if _, err := s.Partitions(); err != nil {
		return err
	}
	id := topology.TaskID{Sub: s.sub.ID, Partition: partition}
	err := s.app.ask(ctx, id, func(r *running) error { return caught(do, r.view(s.name)) })
	if s.stale > 0 && errors.Is(err, ErrNotHeld) {
		err = s.app.copies.read(id, s.def, s.stale, func(v *state.View) error { return caught(do, v) })
		if errors.Is(err, state.ErrStandby) {
			err = fmt.Errorf("%w, and of its standby %w", ErrNotHeld, err)
		}
	}
	return s.failed(partition, err)
}

// caught makes an error of a panic in the user's codecs and merges: a read ends no worker.
func caught(do func(*state.View) error, v *state.View) (err error) {
	defer recovered(&err)
	return do(v)
}

func (s *Store) failed(partition int32, err error) error {
	switch {
	case err == nil:
		return nil
	case partition < 0:
		return fmt.Errorf("store %s: %w", s.name, err)
	}
	return fmt.Errorf("store %s, partition %d: %w", s.name, partition, err)
}
