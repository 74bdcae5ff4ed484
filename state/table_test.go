package state_test

import (
	"fmt"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/stretchr/testify/require"
)

// records is a changelog as "store key=value" and "store key" for a tombstone.
type records []string

func (r *records) Append(store int, key, value []byte) {
	entry := string(rune('0'+store)) + " " + string(key)
	if value != nil {
		entry += "=" + string(value)
	}
	*r = append(*r, entry)
}

func TestTableReadsWhatItWrote(t *testing.T) {
	table := state.NewTable("counts", 3, memory.New().Store("counts"), 0)
	require.Equal(t, "counts", table.Name())
	requireAbsent(t, table, "ann")
	table.Put([]byte("ann"), []byte("1"))
	requireValue(t, table, "ann", "1")
	table.Delete([]byte("ann"))
	requireAbsent(t, table, "ann")
	table.Put([]byte("ann"), nil)
	requireValue(t, table, "ann", "")
}

func TestFlushLogsOneRecordAKeyInFirstDirtiedOrder(t *testing.T) {
	table := state.NewTable("counts", 3, memory.New().Store("counts"), 0)
	for _, change := range []string{"cid", "ann", "bob", "ann", "dan", "cid"} {
		table.Put([]byte(change), []byte("of "+change))
	}
	table.Delete([]byte("ann"))
	table.Delete([]byte("eve"))
	table.Put([]byte("dan"), []byte{})
	require.EqualValues(t, len("cid"+"of cid"+"ann"+"bob"+"of bob"+"dan"+"eve"), table.DirtyBytes())
	var log records
	table.Flush(&log)
	require.Equal(t, records{"3 cid=of cid", "3 ann", "3 bob=of bob", "3 dan=", "3 eve"}, log)
}

func TestCommitReachesTheStoreByTheBatchAlone(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	var batch state.Batch
	table.Put([]byte("ann"), []byte("1"))
	table.Put([]byte("bob"), []byte("1"))
	table.Delete([]byte("bob"))
	table.Flush(new(records))
	table.Commit()
	table.Checkpoint(&batch)
	require.Zero(t, table.DirtyBytes())
	_, ok, err := store.Get([]byte("ann"))
	require.NoError(t, err)
	require.False(t, ok, "not before Apply")
	require.NoError(t, store.Apply(&batch))
	value, ok, err := store.Get([]byte("ann"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "1", string(value))

	var log records
	batch.Reset()
	table.Flush(&log)
	table.Commit()
	table.Checkpoint(&batch)
	require.Empty(t, log, "a clean table logs nothing")
	require.Zero(t, batch.Len())
	hits := table.Stats().Hits
	requireValue(t, table, "ann", "1")
	requireAbsent(t, table, "bob")
	require.Equal(t, hits+2, table.Stats().Hits, "committed rows stay cached, deleted ones as absent")
}

func TestCommittedRowsStayUntilTheEngineHasThem(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 4<<10)
	var log records
	for i := range 500 {
		key := fmt.Appendf(nil, "key %d", i)
		table.Put(key, key)
		table.Flush(&log)
		table.Commit()
		table.Put([]byte("every time"), key)
	}
	require.Len(t, log, 999, "the log has each change once")
	table.Flush(&log)
	table.Commit()
	require.Zero(t, table.DirtyBytes())
	require.True(t, table.Crowded())
	_, ok, err := store.Get([]byte("key 0"))
	require.NoError(t, err)
	require.False(t, ok)
	requireValue(t, table, "key 0", "key 0")
	require.Len(t, scan(t, table, "", ""), 501)
	var batch state.Batch
	table.Checkpoint(&batch)
	require.Equal(t, 501, batch.Len(), "each row once")
	require.NoError(t, store.Apply(&batch))
	require.False(t, table.Crowded())
	require.Zero(t, table.Stats().AheadBytes)
	requireValue(t, table, "key 0", "key 0")
	requireValue(t, table, "every time", "key 499")
	require.NoError(t, table.Fault())
}

func TestAbortGoesBackToTheEngine(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	commit(t, table, store, func() { table.Put([]byte("ann"), []byte("1")) })
	table.Put([]byte("ann"), []byte("2"))
	table.Put([]byte("bob"), []byte("2"))
	table.Flush(new(records))
	table.Commit()
	table.Put([]byte("ann"), []byte("3"))
	table.Abort()
	requireValue(t, table, "ann", "1")
	requireAbsent(t, table, "bob")
	require.Zero(t, table.Stats().AheadBytes)
	require.NoError(t, table.Fault())
}

// A Trim is the one bulk write of a table, and goes the way of each row: until a commit has it in the log and a checkpoint
// in the engine, an abort takes it back, whatever was scanned or changed below it meanwhile.
func TestATrimThatIsAborted(t *testing.T) {
	for name, until := range map[string]func(table *state.Table){
		"at once":       func(*state.Table) {},
		"flushed":       func(table *state.Table) { table.Flush(new(records)) },
		"not in engine": func(table *state.Table) { table.Flush(new(records)); table.Commit() },
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New().Store("panes")
			table := state.NewTable("panes", 0, store, 0)
			checkpoint := func() {
				var batch state.Batch
				table.Flush(new(records))
				table.Commit()
				table.Checkpoint(&batch)
				require.NoError(t, store.Apply(&batch))
			}
			for _, key := range []string{"a1", "a2", "b1"} {
				table.Put([]byte(key), []byte("x"))
			}
			checkpoint()
			table.Put([]byte("a2"), []byte("y"))
			table.Trim([]byte("b"))
			requireAbsent(t, table, "a1")
			require.Equal(t, []string{"b1=x"}, scan(t, table, "", ""))
			until(table)
			value, ok, err := store.Get([]byte("a1"))
			require.NoError(t, err)
			require.True(t, ok, "the engine is written by checkpoints alone")
			require.Equal(t, "x", string(value))
			table.Abort()
			require.Equal(t, []string{"a1=x", "a2=x", "b1=x"}, scan(t, table, "", ""))
			requireValue(t, table, "a1", "x")
			table.Put([]byte("a0"), []byte("x"))
			checkpoint()
			require.Equal(t, []string{"a0=x", "a1=x", "a2=x", "b1=x"}, scan(t, state.NewTable("panes", 0, store, 0), "", ""))
			table.Trim([]byte("a2"))
			checkpoint()
			require.Equal(t, []string{"a2=x", "b1=x"}, scan(t, state.NewTable("panes", 0, store, 0), "", ""))
		})
	}
}

func TestAbortKeepsCleanRows(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	commit(t, table, store, func() {
		table.Put([]byte("ann"), []byte("1"))
		table.Put([]byte("bob"), []byte("1"))
	})
	table.Put([]byte("ann"), []byte("2"))
	table.Put([]byte("cid"), []byte("2"))
	table.Flush(new(records))
	table.Abort()
	require.Zero(t, table.DirtyBytes())
	misses := table.Stats().Misses
	requireValue(t, table, "bob", "1")
	require.Equal(t, misses, table.Stats().Misses)
	requireValue(t, table, "ann", "1")
	requireAbsent(t, table, "cid")
	var log records
	table.Flush(&log)
	require.Empty(t, log)
}

func TestRestoreReplacesCachedRows(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	commit(t, table, store, func() {
		table.Put([]byte("ann"), []byte("1"))
		table.Put([]byte("bob"), []byte("1"))
	})
	requireAbsent(t, table, "cid")
	var batch state.Batch
	table.Restore(&batch, []byte("ann"), []byte("2"))
	table.Restore(&batch, []byte("bob"), nil)
	table.Restore(&batch, []byte("cid"), []byte{})
	require.NoError(t, store.Apply(&batch))
	requireValue(t, table, "ann", "2")
	requireAbsent(t, table, "bob")
	requireValue(t, table, "cid", "")
}

func TestClearForgetsAll(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	commit(t, table, store, func() { table.Put([]byte("ann"), []byte("1")) })
	table.Put([]byte("bob"), []byte("1"))
	require.NoError(t, table.Clear())
	requireAbsent(t, table, "ann")
	requireAbsent(t, table, "bob")
	require.Zero(t, table.DirtyBytes())
	require.NoError(t, table.Fault())
}

func TestScanMergesUncommittedRows(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	commit(t, table, store, func() {
		for _, key := range []string{"b", "d", "f", "h"} {
			table.Put([]byte(key), []byte("old"))
		}
	})
	for _, key := range []string{"i", "a", "d", "e", "c"} {
		table.Put([]byte(key), []byte("new"))
	}
	table.Delete([]byte("f"))
	table.Delete([]byte("g"))
	require.Equal(t, []string{"a=new", "b=old", "c=new", "d=new", "e=new", "h=old", "i=new"}, scan(t, table, "", ""))
	require.Equal(t, []string{"c=new", "d=new", "e=new", "h=old"}, scan(t, table, "c", "i"))
	require.Empty(t, scan(t, table, "f", "h"))
	for stop := 1; stop <= 7; stop++ {
		seen := 0
		require.NoError(t, table.Scan(nil, nil, func(_, _ []byte) bool {
			seen++
			return seen < stop
		}))
		require.Equal(t, stop, seen)
	}
	table.Abort()
	require.Equal(t, []string{"b=old", "d=old", "f=old", "h=old"}, scan(t, table, "", ""))
}

func TestScansNest(t *testing.T) {
	table := state.NewTable("counts", 0, memory.New().Store("counts"), 0)
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		table.Put([]byte(key), []byte("x"))
	}
	for range 2 { // the second time the stack of scans has room
		outer := ""
		require.NoError(t, table.Scan(nil, nil, func(key, _ []byte) bool {
			outer += string(key)
			require.Equal(t, []string{"d=x", "e=x", "f=x"}, scan(t, table, "d", ""))
			return true
		}))
		require.Equal(t, "abcdef", outer)
	}
}

// Reads inside a scan fill a cache far too small for them; the rows still to be visited stay where they are.
func TestReadsInsideAScanMoveNothing(t *testing.T) {
	store := memory.New().Store("counts")
	var batch state.Batch
	for i := range 2000 {
		batch.Put(fmt.Appendf(nil, "stored %d", i), make([]byte, 300))
	}
	require.NoError(t, store.Apply(&batch))
	table := state.NewTable("counts", 0, store, 1)
	var want []string
	next := 0
	read := func() {
		value, ok, err := table.Get(fmt.Appendf(nil, "stored %d", next%2000))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, make([]byte, 300), value)
		next++
	}
	for i := range 100 {
		key := fmt.Sprintf("dirty %03d", i)
		table.Put([]byte(key), []byte(key+" value"))
		want = append(want, key+"="+key+" value")
		read()
	}
	var got []string
	require.NoError(t, table.Scan([]byte("dirty"), []byte("dirtz"), func(key, value []byte) bool {
		for range 30 {
			read()
		}
		got = append(got, string(key)+"="+string(value))
		return true
	}))
	require.Equal(t, want, got)
	read()
	require.NoError(t, table.Fault())
}

func TestWritesOutOfOrderPanic(t *testing.T) {
	table := state.NewTable("counts", 0, memory.New().Store("counts"), 0)
	table.Put([]byte("ann"), []byte("1"))
	require.Panics(t, table.Commit, "Commit without Flush")
	require.Panics(t, func() { table.Checkpoint(new(state.Batch)) }, "Checkpoint of uncommitted rows")
	require.Panics(t, func() { table.Restore(new(state.Batch), []byte("ann"), nil) })
	_ = table.Scan(nil, nil, func(_, _ []byte) bool {
		require.Panics(t, func() { table.Put([]byte("ann"), nil) })
		require.Panics(t, func() { table.Delete([]byte("ann")) })
		require.Panics(t, func() { table.Flush(new(records)) })
		require.Panics(t, table.Abort)
		require.Panics(t, func() { _ = table.Clear() })
		return true
	})
	table.Flush(new(records))
	require.PanicsWithValue(t, "state: table counts: Put between Flush and Commit", func() { table.Put([]byte("ann"), nil) })
	require.Panics(t, func() { table.Flush(new(records)) })
	requireValue(t, table, "ann", "1")
	table.Abort()
	table.Put([]byte("ann"), nil)
}

func TestErrorsNameTheTable(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	require.NoError(t, store.Close())
	_, _, err := table.Get([]byte("ann"))
	scanned := table.Scan(nil, nil, func(_, _ []byte) bool { return true })
	prefetched := table.Prefetch([][]byte{[]byte("ann")})
	for _, err := range []error{err, scanned, prefetched, table.Clear()} {
		require.ErrorIs(t, err, state.ErrClosed)
		require.ErrorContains(t, err, "table counts")
	}
}

func commit(t require.TestingT, table *state.Table, store state.Store, change func()) {
	var batch state.Batch
	change()
	table.Flush(new(records))
	table.Commit()
	table.Checkpoint(&batch)
	require.NoError(t, store.Apply(&batch))
}

func scan(t require.TestingT, table *state.Table, from, to string) []string {
	var rows []string
	require.NoError(t, table.Scan([]byte(from), []byte(to), func(key, value []byte) bool {
		rows = append(rows, string(key)+"="+string(value))
		return true
	}))
	return rows
}

func requireValue(t require.TestingT, table *state.Table, key, want string) {
	value, ok, err := table.Get([]byte(key))
	require.NoError(t, err)
	require.True(t, ok, "%q is absent", key)
	require.Equal(t, want, string(value))
}

func requireAbsent(t require.TestingT, table *state.Table, key string) {
	_, ok, err := table.Get([]byte(key))
	require.NoError(t, err)
	require.False(t, ok, "%q is there", key)
}
