package memory

import (
	"fmt"

	"github.com/RaduBerinde/btreemap"
	"github.com/abacus-stream/abacus/state"
)

type store struct {
	rows   *rows
	closed bool
}

func (s *store) Get(key []byte) ([]byte, bool, error) {
	if s.closed {
		return nil, false, state.ErrClosed
	}
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	_, value, ok := s.rows.tree.Get(key)
	return value, ok, nil
}

// Scan walks a clone of the tree, which costs nothing until the next Apply, so that visit may call the store.
func (s *store) Scan(from, to []byte, visit func(key, value []byte) bool) error {
	clone, err := s.clone()
	if err == nil {
		lower, upper := bounds(from, to)
		clone.AscendFunc(lower, upper, visit)
	}
	return err
}

func (s *store) ScanBack(from, to []byte, visit func(key, value []byte) bool) error {
	clone, err := s.clone()
	if err == nil {
		lower, upper := bounds(from, to)
		clone.DescendFunc(upper, lower, visit)
	}
	return err
}

func (s *store) clone() (*tree, error) {
	if s.closed {
		return nil, state.ErrClosed
	}
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	return s.rows.tree.Clone(), nil
}

func (s *store) Apply(b *state.Batch) error {
	if s.closed {
		return state.ErrClosed
	}
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	if err := b.EachByKey(s.rows.change); err != nil {
		return err
	}
	if encoded := b.Checkpoint(); len(encoded) > 0 {
		s.rows.checkpoint = append(s.rows.checkpoint[:0], encoded...)
	}
	return nil
}

func (s *store) Checkpoint() (state.Checkpoint, bool, error) {
	if s.closed {
		return state.Checkpoint{}, false, state.ErrClosed
	}
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	if len(s.rows.checkpoint) == 0 {
		return state.Checkpoint{}, false, nil
	}
	c, err := state.ParseCheckpoint(s.rows.checkpoint)
	if err != nil {
		return state.Checkpoint{}, false, fmt.Errorf("memory: %w", err)
	}
	return c, true, nil
}

func (s *store) Clear() error {
	if s.closed {
		return state.ErrClosed
	}
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	s.rows.tree, s.rows.checkpoint = newTree(), nil
	return nil
}

func (s *store) Close() error {
	s.closed = true
	return nil
}

func (r *rows) change(kind state.Change, first, second []byte) error {
	switch kind {
	case state.ChangePut:
		row := make([]byte, len(first)+len(second)) // a key leaves the tree with its value
		n := copy(row, first)
		copy(row[n:], second)
		r.tree.ReplaceOrInsert(row[:n:n], row[n:])
	case state.ChangeDelete:
		r.tree.Delete(first)
	case state.ChangeDeleteRange:
		r.deleteRange(first, second)
	default:
		return fmt.Errorf("memory: change of unknown kind %d", kind)
	}
	return nil
}

func (r *rows) deleteRange(from, to []byte) {
	var doomed [][]byte
	lower, upper := bounds(from, to)
	r.tree.AscendFunc(lower, upper, func(key, _ []byte) bool {
		doomed = append(doomed, key)
		return true
	})
	for _, key := range doomed {
		r.tree.Delete(key)
	}
}

func bounds(from, to []byte) (btreemap.LowerBound[[]byte], btreemap.UpperBound[[]byte]) {
	if len(to) == 0 {
		return btreemap.GE(from), btreemap.Max[[]byte]()
	}
	return btreemap.GE(from), btreemap.LT(to)
}
