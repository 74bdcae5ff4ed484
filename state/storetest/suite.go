// Package storetest is the suite that every engine of state.Store passes.
package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/stretchr/testify/require"
)

// Open makes an empty store for one test. Reopen closes it, and the engine below where it has files, and opens it again.
type Open func(t *testing.T) (store state.Store, reopen func() state.Store)

// Run tests an engine.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, store state.Store, reopen func() state.Store)
	}{
		{"a new store is empty", newIsEmpty},
		{"rows are put, replaced and deleted", rowsChange},
		{"empty keys and values are rows", emptyBytes},
		{"values of a megabyte", largeValues},
		{"in a batch the later change wins", laterWins},
		{"ranges are deleted", rangesDeleted},
		{"a scan is in byte order within its bounds", scanOrder},
		{"visit stops a scan and reads beside it", scanVisit},
		{"a batch and its buffers are the caller's again", buffersReused},
		{"the checkpoint is the last one applied", checkpointLast},
		{"a reopened store has rows and checkpoint", reopened},
		{"clear removes rows and checkpoint", cleared},
		{"a trimmed table has what is left", trimmedTable},
		{"a closed store fails", closed},
		{"random operations follow a map", randomOperations},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, reopen := open(t)
			c.test(t, store, reopen)
		})
	}
}

type reopener = func() state.Store

func newIsEmpty(t *testing.T, store state.Store, _ reopener) {
	_, ok, err := store.Checkpoint()
	require.NoError(t, err)
	require.False(t, ok)
	requireRows(t, store)
	requireAbsent(t, store, "ann")
	require.NoError(t, store.Apply(new(state.Batch)), "an empty batch")
}

func rowsChange(t *testing.T, store state.Store, _ reopener) {
	put(t, store, "ann", "1")
	put(t, store, "bob", "2")
	requireRows(t, store, "ann=1", "bob=2")
	put(t, store, "ann", "longer than before")
	remove(t, store, "bob")
	remove(t, store, "never there")
	requireRows(t, store, "ann=longer than before")
	requireAbsent(t, store, "bob")
}

func emptyBytes(t *testing.T, store state.Store, reopen reopener) {
	put(t, store, "", "no key")
	put(t, store, "no value", "")
	store = reopen()
	requireRows(t, store, "=no key", "no value=")
	value, ok, err := store.Get([]byte("no value"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Empty(t, value)
	remove(t, store, "")
	requireRows(t, store, "no value=")
}

func largeValues(t *testing.T, store state.Store, reopen reopener) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var b state.Batch
	for i := range 3 {
		b.Put(fmt.Appendf(nil, "large %d", i), large[i:])
	}
	require.NoError(t, store.Apply(&b))
	store = reopen()
	for i := range 3 {
		value, ok, err := store.Get(fmt.Appendf(nil, "large %d", i))
		require.NoError(t, err)
		require.True(t, ok)
		require.True(t, bytes.Equal(large[i:], value), "value %d differs", i)
	}
}

func laterWins(t *testing.T, store state.Store, _ reopener) {
	put(t, store, "old", "0")
	var b state.Batch
	b.Put([]byte("a"), []byte("1"))
	b.Put([]byte("a"), []byte("2"))
	b.Put([]byte("b"), []byte("1"))
	b.Delete([]byte("b"))
	b.Delete([]byte("c"))
	b.Put([]byte("c"), []byte("1"))
	b.DeleteRange([]byte("m"), []byte("z"))
	b.Put([]byte("n"), []byte("after the range"))
	b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 1})
	b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 2})
	require.NoError(t, store.Apply(&b))
	requireRows(t, store, "a=2", "c=1", "n=after the range")
	requireCheckpoint(t, store, state.Checkpoint{ChangelogOffset: 2})
}

func rangesDeleted(t *testing.T, store state.Store, _ reopener) {
	fill := func() {
		for _, key := range []string{"", "a", "b", "b\x00", "c", "\xff\xff"} {
			put(t, store, key, "x")
		}
	}
	for _, c := range []struct {
		from, to string
		left     []string
	}{
		{"b", "c", []string{"=x", "a=x", "c=x", "\xff\xff=x"}},
		{"", "b", []string{"b=x", "b\x00=x", "c=x", "\xff\xff=x"}},
		{"b\x00", "", []string{"=x", "a=x", "b=x"}},
		{"c", "a", []string{"=x", "a=x", "b=x", "b\x00=x", "c=x", "\xff\xff=x"}},
		{"", "", nil},
	} {
		fill()
		var b state.Batch
		b.DeleteRange([]byte(c.from), []byte(c.to))
		require.NoError(t, store.Apply(&b))
		requireRows(t, store, c.left...)
	}
}

func checkpointLast(t *testing.T, store state.Store, _ reopener) {
	first := state.Checkpoint{ChangelogOffset: 7, AsOf: 1}
	second := state.Checkpoint{ChangelogOffset: 1 << 60, Changelog: [16]byte{1}, AsOf: 2}
	applyCheckpoint(t, store, first)
	requireCheckpoint(t, store, first)
	put(t, store, "ann", "1")
	requireCheckpoint(t, store, first)
	applyCheckpoint(t, store, second)
	requireCheckpoint(t, store, second)
	requireRows(t, store, "ann=1")
}

func reopened(t *testing.T, store state.Store, reopen reopener) {
	at := state.Checkpoint{ChangelogOffset: 42, Changelog: [16]byte{0, 1, 2}}
	for i := range 3 {
		var b state.Batch
		b.Put([]byte("ann"), fmt.Appendf(nil, "%d", i))
		b.Put(fmt.Appendf(nil, "bob %d", i), nil)
		at.ChangelogOffset++
		b.SetCheckpoint(at)
		require.NoError(t, store.Apply(&b))
		store = reopen()
		requireCheckpoint(t, store, at)
	}
	requireRows(t, store, "ann=2", "bob 0=", "bob 1=", "bob 2=")
}

func cleared(t *testing.T, store state.Store, reopen reopener) {
	put(t, store, "", "1")
	put(t, store, "\xff\xff\xff", "2")
	applyCheckpoint(t, store, state.Checkpoint{ChangelogOffset: 3})
	require.NoError(t, store.Clear())
	newIsEmpty(t, store, reopen)
	store = reopen()
	newIsEmpty(t, store, reopen)
	put(t, store, "again", "1")
	requireRows(t, store, "again=1")
}

func closed(t *testing.T, store state.Store, reopen reopener) {
	put(t, store, "ann", "1")
	require.NoError(t, store.Close())
	_, _, err := store.Get([]byte("ann"))
	require.ErrorIs(t, err, state.ErrClosed)
	err = store.Scan(nil, nil, func(_, _ []byte) bool { return true })
	require.ErrorIs(t, err, state.ErrClosed)
	err = store.ScanBack(nil, nil, func(_, _ []byte) bool { return true })
	require.ErrorIs(t, err, state.ErrClosed)
	require.ErrorIs(t, store.Apply(new(state.Batch)), state.ErrClosed)
	_, _, err = store.Checkpoint()
	require.ErrorIs(t, err, state.ErrClosed)
	require.ErrorIs(t, store.Clear(), state.ErrClosed)
	require.NoError(t, store.Close(), "closing twice")
	requireRows(t, reopen(), "ann=1")
}
