package processors_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// pipelines pass every record through their operators; keys alias the record, so that a source
// allocates nothing either.
var pipelines = map[string]func(in topology.Stream[[]byte, int64]){
	"stateless": func(in topology.Stream[[]byte, int64]) {
		kept := processors.Filter(in, "filter", func(_ []byte, n int64) bool { return n >= 0 })
		next := processors.MapValues(kept, "mapvalues", func(n int64) int64 { return n + 1 })
		tried := processors.TryMapValues(next, "trymapvalues", func(n int64) (int64, error) { return n, nil })
		processors.Map(tried, "map", func(k []byte, n int64) (int64, []byte) { return n, k })
		processors.SelectKey(tried, "selectkey", func(_ []byte, n int64) int64 { return n })
		branches := processors.Branch(tried, "branch", processors.Case[[]byte, int64]{Name: "some", If: func(_ []byte, n int64) bool { return n > 0 }})
		processors.FlatMapValues(branches["some"], "flatmapvalues", func(n int64, emit func(int64)) { emit(n) })
		processors.Peek(tried, "peek", func(*topology.Record[[]byte, int64]) {})
	},
	"count": func(in topology.Stream[[]byte, int64]) { processors.Count(in, "counts") },
	"aggregate": func(in topology.Stream[[]byte, int64]) {
		processors.Aggregate(in, "sums", codecs.Float64, func(sum float64, _ []byte, n int64) (float64, error) { return sum + float64(n), nil })
	},
	"jointable": func(in topology.Stream[[]byte, int64]) {
		processors.LeftJoinTable(in, processors.ToTable(in, "latest"), "joined", func(_ []byte, n int64, latest *int64) int64 { return n })
	},
	"jointables": func(in topology.Stream[[]byte, int64]) {
		processors.OuterJoinTables(in, in, "pairs", func(_ []byte, l, _ *int64) int64 { return *l })
	},
	"joinstreams": func(in topology.Stream[[]byte, int64]) {
		within := processors.JoinWindow{After: time.Millisecond, Grace: time.Millisecond}
		processors.OuterJoinStreams(in, in, within, "near", func(_ []byte, l, _ *int64) int64 { return *l })
	},
	"dedup": func(in topology.Stream[[]byte, int64]) {
		processors.Dedup(in, "once", func(k []byte, _ int64) []byte { return k }, codecs.Bytes, time.Millisecond)
	},
	"toversionedtable": func(in topology.Stream[[]byte, int64]) { processors.ToVersionedTable(in, "prices", time.Hour) },
	"toexpiringtable":  func(in topology.Stream[[]byte, int64]) { processors.ToExpiringTable(in, "seen", time.Second) },
	"jointable-versioned": func(in topology.Stream[[]byte, int64]) {
		processors.LeftJoinTable(in, processors.ToVersionedTable(in, "prices", time.Hour), "joined", func(_ []byte, n int64, price *int64) int64 { return n })
	},
	"jointableasof": func(in topology.Stream[[]byte, int64]) {
		table := processors.ToVersionedTable(in, "prices", time.Hour)
		processors.LeftJoinTableAsOf(in, table, time.Millisecond, "joined", func(_ []byte, n int64, price *int64) int64 { return n })
	},
	"totable": func(in topology.Stream[[]byte, int64]) { processors.ToTable(in, "latest") },
	"window": func(in topology.Stream[[]byte, int64]) {
		processors.CountWindows(processors.Window(in, processors.Tumbling{Size: time.Second, Grace: time.Second}), "panes")
	},
	"hopping": func(in topology.Stream[[]byte, int64]) {
		processors.CountWindows(processors.Window(in, processors.Hopping{Size: 5 * time.Second, Advance: time.Second, Grace: time.Second}), "panes")
	},
	"cogroup": func(in topology.Stream[[]byte, int64]) {
		add := func(sum int64, _ []byte, n int64) (int64, error) { return sum + n, nil }
		processors.AggregateCogroup(processors.Cogroup(in, "once", add), "sums", codecs.Int64, processors.Cogroup(in, "twice", add))
	},
	"sliding": func(in topology.Stream[[]byte, int64]) {
		processors.CountWindows(processors.Window(in, processors.Sliding{Difference: time.Minute}), "panes")
	},
	"session": func(in topology.Stream[[]byte, int64]) {
		processors.CountWindows(processors.Window(in, processors.Session{Gap: time.Minute}), "sessions")
	},
	"window-every": func(in topology.Stream[[]byte, int64]) {
		processors.CountWindows(processors.Window(in, processors.Tumbling{Size: time.Second, Grace: time.Second, Every: time.Hour}), "panes")
	},
}

// warm has a driver process records of 100 keys, so that buffers and rows have their size, and
// leaves more to process.
func warm(t testing.TB, pipeline func(topology.Stream[[]byte, int64]), more int) *topologytest.Driver {
	var b topology.Builder
	pipeline(topology.From(&b, "orders", codecs.Bytes, codecs.Int64))
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{CacheBytes: 64 << 20})
	pipe := func(n int) {
		for i := range n {
			d.PipeAt("orders", d.Wall()+int64(i/1000), fmt.Appendf(nil, "unit-%d", i%100), []byte{0, 0, 0, 0, 0, 0, 0, 1})
		}
	}
	pipe(1000)
	d.Run()
	pipe(1000 + more)
	for range 1000 {
		d.Step()
	}
	return d
}

func TestNoAllocationPerRecord(t *testing.T) {
	for name, pipeline := range pipelines {
		t.Run(name, func(t *testing.T) {
			d := warm(t, pipeline, 1000)
			require.Zero(t, testing.AllocsPerRun(900, func() { d.Step() }))
		})
	}
}

func BenchmarkPipeline(b *testing.B) {
	for name, pipeline := range pipelines {
		b.Run(name, func(b *testing.B) {
			d := warm(b, pipeline, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				d.Step()
			}
		})
	}
}
