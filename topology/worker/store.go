package worker

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

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
// Errors, wrapped: ErrNotHeld, ErrRestoring, ErrNotRunning, those of ctx and of the engine.
type Store struct {
	app   *App
	sub   *topology.Sub
	name  string
	by    topology.Partitioner
	def   topology.Store
	stale time.Duration // what a standby may lack; 0: tasks alone are read
}

// Row is one row of a store. Its bytes are the reader's.
type Row struct {
	Partition  int32
	Key, Value []byte
}

// Span says which rows of a store to read. Its zero value is all rows of all partitions held here.
type Span struct {
	Partitions []int32 // one after the other; nil: all that this instance holds
	From, To   []byte  // From <= key < To; an empty bound is open
	Reverse    bool    // descending keys within each partition
}

// Store opens a store by its name. Errors: ErrUnknownStore.
func (a *App) Store(name string) (*Store, error) {
	for _, sub := range a.topo.Subs {
		for _, def := range sub.Stores[:len(sub.Stores)-1] { // the last one is the engine's own
			if def.Name == name {
				return &Store{app: a, sub: sub, name: name, by: partitioner(a.topo, sub), def: def}, nil
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

// PartitionOf is the partition of a row key that is the key of its records. Keys of other forms, as those of windows,
// lie in the partition of the record key that they are made of.
func (s *Store) PartitionOf(key []byte) (int32, error) {
	n, err := s.Partitions()
	if err != nil {
		return 0, err
	}
	return s.by(key, n), nil
}

// Get returns the value of a key that is the key of its records, and whether it has one.
func (s *Store) Get(ctx context.Context, key []byte) (value []byte, ok bool, err error) {
	partition, err := s.PartitionOf(key)
	if err != nil {
		return nil, false, err
	}
	return s.GetIn(ctx, partition, key)
}

// GetIn returns the value of a key in a partition, and whether it has one.
func (s *Store) GetIn(ctx context.Context, partition int32, key []byte) (value []byte, ok bool, err error) {
	err = s.read(ctx, partition, func(v view) error {
		found, has, err := v.get(key)
		value, ok = slices.Clone(found), has
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return value, ok, nil
}

func (s *Store) read(ctx context.Context, partition int32, do func(view) error) error {
	if _, err := s.Partitions(); err != nil {
		return err
	}
	id := topology.TaskID{Sub: s.sub.ID, Partition: partition}
	err := s.app.ask(ctx, id, func(r *running) error { return do(r.view(s.name)) })
	if s.stale > 0 && errors.Is(err, ErrNotHeld) {
		err = s.app.copies.read(id, s.def, s.stale, do)
	}
	return s.failed(partition, err)
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

// Range visits the rows of a span, partition by partition and in the order of keys in each. An error is the last that
// comes. It reads pages of pageRows: each is of one commit, and a later page may be of a later one.
func (s *Store) Range(ctx context.Context, span Span) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		partitions := span.Partitions
		if partitions == nil {
			partitions = s.Held()
		}
		if _, err := s.Partitions(); err != nil {
			yield(Row{}, err)
			return
		}
		for _, p := range partitions {
			if !s.rangeIn(ctx, p, span, yield) {
				return
			}
		}
	}
}

// rangeIn is false when the reader has had enough, or an error came.
func (s *Store) rangeIn(ctx context.Context, partition int32, span Span, yield func(Row, error) bool) bool {
	for {
		var rows []Row
		err := s.read(ctx, partition, func(v view) (err error) {
			rows, err = page(v, span)
			return err
		})
		if err != nil {
			yield(Row{}, err)
			return false
		}
		for _, row := range rows {
			if !yield(row, nil) {
				return false
			}
		}
		if len(rows) == 0 {
			return true
		}
		last := rows[len(rows)-1].Key
		if span.Reverse {
			if len(last) == 0 {
				return true // nothing is below the empty key
			}
			span.To = last
		} else {
			span.From = append(last[:len(last):len(last)], 0)
		}
	}
}

// A page ends with its first row beyond either: no worker is held up by a reader for longer.
const pageRows, pageBytes = 500, 256 << 10

// page copies the first rows of a span.
func page(v view, span Span) (rows []Row, err error) {
	size, scan := 0, v.scan
	if span.Reverse {
		scan = v.scanBack
	}
	err = scan(span.From, span.To, func(key, value []byte) bool {
		both := slices.Concat(key, value)
		n := len(key)
		rows = append(rows, Row{Partition: v.partition, Key: both[:n:n], Value: both[n:]})
		size += len(both)
		return len(rows) < pageRows && size < pageBytes
	})
	return rows, err
}
