package state

import (
	"bytes"
	"fmt"
	"slices"
)

// Scan visits the rows with from <= key < to in ascending order, uncommitted ones included; an empty bound is open. Visit
// returns false to stop, may call Get and Scan but not write, and keeps no bytes. The cache is not filled, so a scan drives
// no hot row out. It costs O(log² d + m log m) for m of d rows ahead of the engine, and the sorting of those new since the last Scan.
func (t *Table) Scan(from, to []byte, visit func(key, value []byte) bool) error {
	return t.scan(t.store.Scan, from, to, merge{cache: t.cache, order: 1, visit: visit})
}

// ScanBack is Scan in descending order, of the same rows at the same cost.
func (t *Table) ScanBack(from, to []byte, visit func(key, value []byte) bool) error {
	return t.scan(t.store.ScanBack, from, to, merge{cache: t.cache, order: -1, visit: visit})
}

// scan merges the rows ahead into those of the store, which below gives in the order of the merge.
func (t *Table) scan(below func(from, to []byte, visit func(key, value []byte) bool) error, from, to []byte, m merge) error {
	from, err := t.from(from)
	if err != nil || len(to) > 0 && bytes.Compare(from, to) >= 0 {
		return err
	}
	start := len(t.scans)
	t.scans = t.cache.aheadBetween(t.scans, from, to)
	if m.order < 0 {
		slices.Reverse(t.scans[start:])
	}
	t.cache.pinned++
	defer func() {
		t.cache.pinned--
		t.scans = t.scans[:start]
	}()
	m.ahead = t.scans[start:]
	if err := below(from, to, m.row); err != nil {
		return fmt.Errorf("state: table %s: scan: %w", t.name, err)
	}
	m.rest()
	return nil
}

// merge is a scan over the store's rows with the sorted rows ahead among them.
type merge struct {
	cache   *Cache
	ahead   []ref // still to come
	order   int   // 1 ascending, -1 descending
	visit   func(key, value []byte) bool
	stopped bool
}

// row takes one row of the store: first those ahead before it, then it or the one ahead that hides it.
func (m *merge) row(key, value []byte) bool {
	for len(m.ahead) > 0 {
		order := m.order * bytes.Compare(m.cache.arena.row(m.ahead[0]).key(), key)
		if order > 0 {
			break
		}
		if !m.next() {
			return false
		}
		if order == 0 {
			return true
		}
	}
	m.stopped = !m.visit(key, value)
	return !m.stopped
}

// next visits the first row ahead unless it is a deletion; false to stop.
func (m *merge) next() bool {
	w := m.cache.arena.row(m.ahead[0])
	m.ahead = m.ahead[1:]
	if w.has(rowAbsent) {
		return true
	}
	m.stopped = !m.visit(w.key(), w.value())
	return !m.stopped
}

func (m *merge) rest() {
	for !m.stopped && len(m.ahead) > 0 {
		m.next()
	}
}
