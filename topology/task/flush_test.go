package task_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// keeping puts each record into a store and into the next one's, if it has any.
func keeping(name string) probe {
	return probe{process: func(ctx topology.Context, rec *record) error {
		ctx.Table(name).Put([]byte(rec.Key), []byte{byte(rec.Value)})
		return nil
	}}
}

func stores(names ...string) (n topology.Needs) {
	for _, name := range names {
		n.Stores = append(n.Stores, topology.Store{Name: name})
	}
	return n
}

func TestFlushLogsOneRecordADirtyRowThePositionLast(t *testing.T) {
	h := start(t, func(b *topology.Builder, _ *harness) {
		in := timed(b, "a")
		with(in, "one", stores("first"), keeping("first"))
		with(in, "two", stores("second"), keeping("second"))
	})
	for i, key := range []string{"bob", "ann", "bob"} {
		h.add(0, int64(i), key, int64(i))
	}
	h.work()
	var rows []string
	for _, e := range h.flush(task.ToChangelog) {
		require.EqualValues(t, 1, e.Partition)
		require.EqualValues(t, base+2, e.Time)
		rows = append(rows, h.sub.Stores[e.Index].Name+" "+string(e.Key))
	}
	require.Equal(t, []string{"first bob", "first ann", "second bob", "second ann", "first-task lfirst", "first-task lsecond", "first-task p"}, rows)
}

func TestCommitWritesRowsAndCheckpoint(t *testing.T) {
	h := start(t, func(b *topology.Builder, _ *harness) {
		with(timed(b, "a"), "one", stores("rows", "unused"), keeping("rows"))
	})
	h.add(0, 0, "ann", 1)
	h.add(0, 1, "bob", 2)
	h.work()
	_, ok, err := h.stores[0].Get([]byte("ann"))
	require.NoError(t, err)
	require.False(t, ok, "nothing before the commit")
	h.commit(nil)
	require.False(t, h.Dirty())
	checkpoint, ok, err := h.stores[0].Checkpoint()
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, state.Checkpoint{ChangelogOffset: 2, AsOf: checkpointed}, checkpoint)
	_, ok, err = h.stores[1].Checkpoint()
	require.NoError(t, err)
	require.False(t, ok, "a store that was not written keeps its checkpoint")
}

func TestAbortLeavesTheStateBefore(t *testing.T) {
	h := start(t, func(b *topology.Builder, _ *harness) {
		with(timed(b, "a"), "one", stores("rows"), keeping("rows"))
	})
	h.add(0, 0, "ann", 1)
	h.work()
	h.commit(nil)
	before := h.Position()
	h.add(0, 1, "ann", 2)
	h.add(0, 2, "bob", 3)
	h.work()
	require.NoError(t, h.Flush())
	h.Abort()
	value, ok, err := h.cfg.Tables[0].Get([]byte("ann"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, []byte{1}, value)
	_, ok, err = h.cfg.Tables[0].Get([]byte("bob"))
	require.NoError(t, err)
	require.False(t, ok)
	h.open()
	require.Equal(t, before, h.Position())
}

// What a processor sends in its flush reaches those below before they flush.
func TestFlushGoesFromTheSourcesDown(t *testing.T) {
	step := func(h *harness, name string) probe {
		p := probe{}
		p.init = func(ctx topology.Context) {
			ctx.OnFlush(func() error { h.note("flush %s from %q", name, ctx.Source().Topic); return nil })
		}
		return p
	}
	h := start(t, func(b *topology.Builder, h *harness) {
		top := with(timed(b, "a"), "top", topology.Needs{}, step(h, "top"))
		left := with(top, "left", topology.Needs{}, step(h, "left"))
		with(topology.Merge("joined", left, top), "bottom", topology.Needs{}, step(h, "bottom"))
	})
	h.add(0, 0, "k", 1)
	h.work()
	h.commit(nil)
	require.Equal(t, `flush top from "" flush left from "" flush bottom from ""`, h.took())
	h.add(0, 1, "k", 1)
	h.work()
	require.Equal(t, "a/1/1", h.Source().String())
}

func TestFailingFlush(t *testing.T) {
	h := start(t, func(b *topology.Builder, _ *harness) {
		with(timed(b, "a"), "one", topology.Needs{}, probe{init: func(ctx topology.Context) {
			ctx.OnFlush(func() error { return errors.New("sink is gone") })
		}})
	})
	require.EqualError(t, h.Flush(), "task 0_1: flush: sink is gone")
}

// An empty value is a value; only nil is a tombstone. It must hold for the first record, too.
func TestEmptyValuesAreNoTombstones(t *testing.T) {
	h := start(t, func(b *topology.Builder, _ *harness) {
		in := topology.From(b, "texts", codecs.String, codecs.String)
		topology.To(in, "out")
	})
	h.Add(0, []task.Record{{Offset: 0, Appended: base, Key: []byte{}, Value: []byte{}}, {Offset: 1, Appended: base, Key: []byte("k"), Value: []byte{}}})
	h.work()
	entries := h.flush(task.ToSink)
	require.Len(t, entries, 2)
	for _, e := range entries {
		require.NotNil(t, e.Key)
		require.NotNil(t, e.Value)
	}
}

func TestTombstonesStayTombstones(t *testing.T) {
	h := start(t, func(b *topology.Builder, _ *harness) {
		in := timed(b, "a")
		sink := topology.NewSink(b, "out", codecs.String, codecs.Int64, nil)
		forwarded, _ := topology.Channel(b, "moved", codecs.String, codecs.Int64)
		needs := topology.Needs{Sinks: []*topology.SinkNode{sink.Node(), forwarded.Node()}, Stores: []topology.Store{{Name: "rows"}}}
		with(in, "one", needs, probe{process: func(ctx topology.Context, rec *record) error {
			ctx.Send(sink.Node().Index(), topology.Encoded{Key: []byte(rec.Key), Partition: -1})
			ctx.Send(forwarded.Node().Index(), topology.Encoded{Key: []byte(rec.Key), Time: 7, Partition: -1})
			ctx.Table("rows").Delete([]byte(rec.Key))
			return nil
		}})
	})
	h.add(0, 0, "k", 1)
	h.work()
	var out, logged []task.Entry
	h.commit(func(e task.Entry) {
		switch {
		case e.Kind == task.ToChangelog && e.Index == 0:
			logged = append(logged, e)
		case e.Kind == task.ToSink && e.Partition == -1:
			out = append(out, e)
		}
	})
	require.Nil(t, out[0].Value)
	at, payload, err := topology.ParseFrame(out[1].Value)
	require.NoError(t, err)
	require.EqualValues(t, 7, at)
	require.Nil(t, payload)
	require.Len(t, logged, 1)
	require.Nil(t, logged[0].Value)
}

func TestLateRecords(t *testing.T) {
	h := start(t, func(b *topology.Builder, _ *harness) {
		with(timed(b, "a"), "one", topology.Needs{}, probe{process: func(ctx topology.Context, rec *record) error {
			ctx.Late("[0,5)", 12)
			return nil
		}})
	})
	h.add(0, 5, "ann", 1)
	h.work()
	late := h.flush(task.ToLate)
	require.Len(t, late, 1)
	require.Equal(t, "ann", string(late[0].Key))
	require.Equal(t, []string{"a/1/5", "late", "[0,5)", "12"}, []string{
		header(late[0], task.HeaderSource), header(late[0], task.HeaderReason), header(late[0], task.HeaderWindow), header(late[0], task.HeaderLateness),
	})
}

func TestGlobalsAreAppliedOutsideOfRecords(t *testing.T) {
	fail := false
	h := start(t, func(b *topology.Builder, h *harness) {
		with(timed(b, "a"), "one", topology.Needs{Globals: []string{"rules"}}, probe{init: func(ctx topology.Context) {
			ctx.OnGlobal("rules", func(row topology.GlobalRow) error {
				if fail {
					return errors.New("bad rule")
				}
				h.note("%s=%s %q", row.Key, row.Value, ctx.Source().Topic)
				return nil
			})
		}})
	})
	h.add(0, 0, "k", 1)
	h.work()
	require.NoError(t, h.ApplyGlobal("rules", topology.GlobalRow{Key: []byte("r"), Value: []byte("1")}))
	require.NoError(t, h.ApplyGlobal("others", topology.GlobalRow{}))
	require.Equal(t, `r=1 ""`, h.took())
	fail = true
	require.EqualError(t, h.ApplyGlobal("rules", topology.GlobalRow{Offset: 4}), "task 0_1: global table rules: row at offset 4: bad rule")
}

func TestUndeclaredStoresPanic(t *testing.T) {
	h := start(t, one)
	require.PanicsWithValue(t, `task 0_1: store "rows" is not declared in Needs.Stores`, func() { h.Table("rows") })
}

// A table whose source topic is its changelog is not logged again; its checkpoint is the input offset.
func TestSourceTopicTables(t *testing.T) {
	h := start(t, func(b *topology.Builder, _ *harness) {
		with(timed(b, "a"), "one", topology.Needs{Stores: []topology.Store{{Name: "table", SourceTopic: "a"}}}, keeping("table"))
	})
	h.add(0, 41, "ann", 1)
	h.work()
	h.commit(func(e task.Entry) { require.False(t, e.Kind == task.ToChangelog && e.Index == 0) })
	checkpoint, _, err := h.stores[0].Checkpoint()
	require.NoError(t, err)
	require.EqualValues(t, 42, checkpoint.ChangelogOffset)
	value, ok, err := h.stores[0].Get([]byte("ann"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, []byte{1}, value)
	require.IsType(t, &state.Table{}, h.Table("table"))
}
