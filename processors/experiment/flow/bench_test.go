package flow

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// rig runs both stages as two tasks of one worker would, without a broker: what is measured is
// scan, route, cache, combine, flush and the second stage.
type rig struct {
	b       *testing.B
	outbox  task.Outbox
	tasks   [2]*task.Task
	stores  [2][]state.Store
	offset  int64
	second  int64
	commits int
	batch   state.Batch
}

const benchStart = 1_790_000_000_000

func newRig(b *testing.B, entries ...experiment.Entry) *rig {
	b.Helper()
	var builder topology.Builder
	Build(&builder, Config{})
	topo, err := builder.Build("abacus")
	require.NoError(b, err)
	r := &rig{b: b}
	disk := memory.New()
	for i, sub := range topo.Subs {
		var tables []*state.Table
		for j, def := range sub.Stores {
			store := disk.Store(fmt.Sprint(i, def.Name))
			r.stores[i] = append(r.stores[i], store)
			tables = append(tables, state.NewTable(def.Name, j, store, 512<<20))
		}
		r.tasks[i], err = task.New(task.Config{Sub: sub, ID: topology.TaskID{Sub: i}, Tasks: 1, Tables: tables, Outbox: &r.outbox, MaxAhead: 300_000})
		require.NoError(b, err)
		for n, e := range entries {
			value, err := json.Marshal(e)
			require.NoError(b, err)
			require.NoError(b, r.tasks[i].ApplyGlobal(units.RegistryTable("abacus"), topology.GlobalRow{Key: []byte(e.Experiment), Value: value, Offset: int64(n)}))
		}
	}
	return r
}

// commit is what a worker does each interval, with the deltas carried over to stage 2.
func (r *rig) commit(records []task.Record) {
	r.commits++
	r.tasks[0].Add(0, records)
	for _, t := range r.tasks {
		_, err := t.Process(1 << 30)
		require.NoError(r.b, err)
		require.NoError(r.b, t.Flush())
	}
	var deltas []task.Record
	for _, e := range r.outbox.Entries() {
		if e.Kind == task.ToSink && e.Task == r.tasks[0] {
			r.second++
			deltas = append(deltas, task.Record{Offset: r.second, Appended: benchStart, Key: append([]byte(nil), e.Key...), Value: append([]byte(nil), e.Value...)})
		}
	}
	for i, t := range r.tasks {
		t.Commit(func(int) int64 { return 1 })
		if t.Crowded() || r.commits%50 == 0 { // as a worker does each 5 s
			require.NoError(r.b, t.Checkpoint(&r.batch, r.stores[i], benchStart))
		}
	}
	r.outbox.Reset()
	r.tasks[1].Add(0, deltas)
}

// run feeds records in commits of 20,000, as a worker at 200,000 a second would.
func (r *rig) run(values, keys [][]byte) {
	const size = 20_000
	records := make([]task.Record, 0, size)
	feed := func(from, n int) {
		records = records[:0]
		for i := range n {
			at := (from + i) % len(values)
			r.offset++
			records = append(records, task.Record{Offset: r.offset, Appended: benchStart, Key: keys[at], Value: values[at]})
		}
		r.commit(records)
	}
	feed(0, len(values)%size+size)
	r.b.ReportAllocs()
	r.b.ResetTimer()
	for done := 0; done < r.b.N; done += size {
		feed(done, min(size, r.b.N-done))
	}
}

func benchEntry(name string, def experiment.Definition) experiment.Entry {
	def.Experiment, def.Control = name, "control"
	def.Grace, def.DedupFor = 5000, experiment.Duration(24*3600*1000)
	def.Windows = []string{"1s", "60s"}
	return experiment.Entry{Experiment: name, Run: 1, State: experiment.Running,
		Versions: []experiment.Version{{Version: 1, Effective: benchStart - 1000, Definition: def}}}
}

func decimals(n int) *int { return &n }

// BenchmarkRecord/tagged: 50 experiments by event with 3 variants.
// BenchmarkRecord/attributed: 100,000 units in 3 experiments, dedup on.
func BenchmarkRecord(b *testing.B) {
	b.Run("tagged", func(b *testing.B) {
		var entries []experiment.Entry
		for i := range 50 {
			entries = append(entries, benchEntry(fmt.Sprintf("ranker-%02d", i), experiment.Definition{
				Unit: "event", RandomisedBy: "event", Variants: experiment.Variants{{Name: "control", Weight: 1}, {Name: "a", Weight: 1}, {Name: "b", Weight: 1}},
				Metrics: []experiment.Metric{{Name: "latency", Kind: "mean", Event: "api_call", Decimals: decimals(2), Window: 60_000}},
			}))
		}
		var values, keys [][]byte
		for i := range 100_000 {
			v := fmt.Appendf(nil, `{"id":"01JG7P%08d","type":"api_call","experiment":"ranker-%02d","variant":"%s","value":%d.25,"ts":%d,"props":{"region":"eu-west"}}`,
				i, i%50, []string{"control", "a", "b"}[i%3], i%90, benchStart+int64(i/100))
			values, keys = append(values, v), append(keys, nil)
		}
		newRig(b, entries...).run(values, keys)
	})
	b.Run("attributed", func(b *testing.B) {
		var entries []experiment.Entry
		for i := range 3 {
			entries = append(entries, benchEntry(fmt.Sprintf("button-%d", i), experiment.Definition{
				Unit: "user", MultipleVariants: "exclude", Variants: experiment.Variants{{Name: "control", Weight: 1}, {Name: "treatment", Weight: 1}},
				Metrics: []experiment.Metric{
					{Name: "bought", Kind: "conversion", Event: "purchase", Window: 3_600_000},
					{Name: "revenue", Kind: "mean", Event: "purchase", Decimals: decimals(2), Window: 3_600_000},
				},
			}))
		}
		var values, keys [][]byte
		for i := range 800_000 {
			unit := fmt.Sprintf("user-%06d", i%100_000)
			ts := benchStart + int64(i/1000)
			v := fmt.Appendf(nil, `{"id":"e%08d","type":"purchase","unit":"%s","value":%d.50,"ts":%d,"props":{"currency":"EUR"}}`, i, unit, i%90, ts)
			if i < 300_000 {
				v = fmt.Appendf(nil, `{"id":"e%08d","type":"exposure","unit":"%s","experiment":"button-%d","variant":"%s","ts":%d}`, i, unit, i/100_000, []string{"control", "treatment"}[i%2], ts)
			}
			values, keys = append(values, v), append(keys, []byte(unit))
		}
		newRig(b, entries...).run(values, keys)
	})
}
