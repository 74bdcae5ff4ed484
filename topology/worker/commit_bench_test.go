package worker

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// flushed is a transaction with the counts of so many keys in its outbox: a row and an output of each.
func flushed(t testing.TB, keys int) *transaction {
	var builder topology.Builder
	topology.To(processors.Count(topology.From(&builder, "orders", codecs.Bytes, codecs.Int64), "counts"), "totals")
	topo, err := builder.Build("app")
	require.NoError(t, err)
	sub, outbox := topo.Subs[0], &task.Outbox{}
	var tables []*state.Table
	for i, def := range sub.Stores {
		tables = append(tables, state.NewTable(def.Name, i, memory.New().Store(def.Name), 64<<20))
	}
	counting, err := task.New(task.Config{Sub: sub, Tasks: 4, Tables: tables, Outbox: outbox, MaxAhead: 300_000})
	require.NoError(t, err)
	var records []task.Record
	for i := range keys {
		records = append(records, task.Record{Offset: int64(i), Appended: 1_790_000_000_000, Key: fmt.Appendf(nil, "customer-%05d", i), Value: make([]byte, 8)})
	}
	counting.Add(0, records)
	_, err = counting.Process(keys)
	require.NoError(t, err)
	require.NoError(t, counting.Flush())
	app := &App{topo: topo, topics: &topics{partitions: map[string]int{"totals": 4, "app-counts-changelog": 4, "app-counts-task-changelog": 4}}}
	return &transaction{w: &worker{app: app, outbox: outbox}}
}

// again is one commit's worth of it: all records are made and acknowledged, a batch of a partition after the other.
func (t *transaction) again() {
	t.acks.begin()
	t.collect()
	take := t.acks.take
	for i := range t.records {
		t.records[i].Offset = int64(i)
		take(&t.records[i], nil)
	}
}

// A commit allocates for its partitions, not for its records.
func TestNoAllocationPerRecordOfACommit(t *testing.T) {
	commit := flushed(t, 1000)
	require.Less(t, testing.AllocsPerRun(10, commit.again), 50.0)
}

// BenchmarkCommit makes records of an outbox and takes the answers to them: what a commit costs for each record beside the
// client.
func BenchmarkCommit(b *testing.B) {
	const keys = 10_000
	t := flushed(b, keys)
	b.ReportAllocs()
	for b.Loop() {
		t.again()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(t.records)), "ns/record")
}
