package cells_test

import (
	"encoding/json"
	"maps"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

const (
	registry  = "app.registry-table"
	deltas    = "app-deltas-repartition"
	published = "app.stats"
	decided   = "app.decisions"
	changelog = "app-cells-changelog"

	t0 = int64(1_790_000_040_000) // a minute begins
)

// bench is stage 2 on a test driver, fed with deltas and watermarks by hand.
type bench struct {
	t *testing.T
	d *topologytest.Driver
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return &bench{t, topologytest.New(t, build(t), topologytest.Config{IdleAfter: time.Hour * 10000})}
}

// build joins an idle stage 1 to stage 2.
func build(t *testing.T) *topology.Topology {
	var b topology.Builder
	sink, stream := topology.Channel(&b, "deltas", codecs.Codec[string](codecs.String), codecs.Codec[*experiment.Delta](experiment.DeltaCodec{}))
	in := topology.From(&b, "in", codecs.Codec[string](codecs.String), codecs.Codec[string](codecs.String))
	topology.Process(in, "units", topology.Needs{Sinks: []*topology.SinkNode{sink.Node()}},
		func(topology.Forward[string, string]) topology.Processor[string, string] { return idle{} })
	cfg := cells.Config{
		Stats:    topology.NewSink(&b, published, codecs.Codec[string](codecs.String), codecs.Codec[*result.Record](result.Codec), cells.PartitionByExperiment),
		Registry: registry, Deltas: sink.Node(),
		Decisions: topology.NewSink(&b, decided, codecs.Codec[string](codecs.String), codecs.Codec[*decision.Record](decision.Codec), nil),
	}
	topology.Process(stream, "cells", cells.Needs(cfg), cells.New(cfg))
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

type idle struct{}

func (idle) Init(topology.Context) error                    { return nil }
func (idle) Process(*topology.Record[string, string]) error { return nil }

func (b *bench) define(e experiment.Entry) {
	b.t.Helper()
	value, err := json.Marshal(e)
	require.NoError(b.t, err)
	b.d.Pipe(registry, []byte(e.Experiment), value)
}

func (b *bench) delta(name string, d *experiment.Delta) {
	b.t.Helper()
	value, err := experiment.DeltaCodec{}.Append(nil, d)
	require.NoError(b.t, err)
	b.d.PipeTo(deltas, 0, task.Record{Key: []byte(name), Value: topology.AppendFrame(nil, t0, value)})
}

func (b *bench) watermark(at int64) {
	value := topology.AppendWatermark(nil, topology.Watermark{Tasks: 1, Time: at})
	b.d.PipeTo(deltas, 0, task.Record{Value: value})
}

// last is the newest record of each key.
func (b *bench) last() map[string]*result.Record {
	all := map[string]*result.Record{}
	for key, value := range b.d.Last(published) {
		all[key] = decode(b.t, value)
	}
	return all
}

// sent counts the records of a key, tombstones included.
func (b *bench) sent(key string) (n int) {
	for _, r := range b.d.Records(published) {
		if string(r.Key) == key {
			n++
		}
	}
	return n
}

// decided are the decisions, in order.
func (b *bench) decided() (texts []string) {
	for _, r := range b.d.Records(decided) {
		texts = append(texts, string(r.Key)+" "+string(r.Value))
	}
	return texts
}

// rows are the keys of the table of one kind.
func (b *bench) rows(kind byte) (keys []string) {
	for key := range maps.Keys(b.d.Last(changelog)) {
		if key[0] == kind {
			keys = append(keys, key)
		}
	}
	return keys
}

func decode(t *testing.T, value []byte) *result.Record {
	t.Helper()
	var r *result.Record
	require.NoError(t, result.Codec.Parse(value, &r))
	return r
}

// entry is a first version of an experiment with a conversion, a count and a mean.
func entry(change ...func(*experiment.Definition)) experiment.Entry {
	two := 2
	def := experiment.Definition{
		Experiment: "button", Unit: "user", Control: "control",
		Variants: experiment.Variants{{Name: "control", Weight: 50}, {Name: "treatment", Weight: 50}},
		Metrics: []experiment.Metric{
			{Name: "purchase", Kind: "conversion", Event: "purchase"},
			{Name: "clicks", Kind: "count", Event: "click"},
			{Name: "revenue", Kind: "mean", Event: "purchase", Decimals: &two},
		},
		Windows: []string{"1s", "60s"},
	}
	for _, f := range change {
		f(&def)
	}
	return experiment.Entry{Experiment: def.Experiment, Run: 1, State: experiment.Running,
		Versions: []experiment.Version{{Version: 1, Effective: t0 - 60_000, Definition: def}}}
}

// buyer is one unit of a variant that buys once in the second of its exposure, at so many cents.
func buyer(variant int, pane int64, cents int64) *experiment.Delta {
	d := &experiment.Delta{Run: 1, Version: 1}
	cell := experiment.CellDelta{Variant: variant, Epoch: 1, Units: 1, FirstSeen: 1, Live: make([]stats.Sums, 3), Matured: make([]stats.Sums, 3)}
	cell.Live[0].Replace(0, 1)
	cell.Live[2].Replace(0, cents)
	cell.Matured[0].Include(1)
	cell.NonZero, cell.Drawn = []int64{1, 0, 0}, []int64{1, 0, 0}
	d.Cells = append(d.Cells, cell)
	metrics := make([]experiment.PaneSums, 3)
	metrics[0] = experiment.PaneSums{Events: 1, Sum: stats.Int128{Lo: 1}}
	metrics[2] = experiment.PaneSums{Events: 1, Sum: stats.Int128{}.AddInt64(cents)}
	bins := make([]experiment.PaneBins, 3)
	bins[0].Seen.Add(experiment.LongAgo, 1)
	bins[2].Seen.Add(experiment.LongAgo, 1)
	bins[2].Values.Add(cents, 1)
	d.Panes = append(d.Panes, experiment.PaneDelta{Variant: variant, Start: pane, UnitsNew: 1, Metrics: metrics, Bins: bins})
	return d
}

// undo is the delta that takes another back.
func undo(d *experiment.Delta) *experiment.Delta {
	out := &experiment.Delta{Run: d.Run, Version: d.Version, Excluded: 1}
	for _, c := range d.Cells {
		back := experiment.CellDelta{Variant: c.Variant, Epoch: c.Epoch, Units: -c.Units, FirstSeen: -c.FirstSeen, Crossed: -c.Crossed}
		for _, n := range c.NonZero {
			back.NonZero = append(back.NonZero, -n)
		}
		for _, n := range c.Drawn {
			back.Drawn = append(back.Drawn, -n)
		}
		for m := range c.Live {
			back.Live, back.Matured = append(back.Live, c.Live[m].Neg()), append(back.Matured, c.Matured[m].Neg())
		}
		out.Cells = append(out.Cells, back)
	}
	for _, p := range d.Panes {
		back := experiment.PaneDelta{Variant: p.Variant, Start: p.Start, UnitsNew: -p.UnitsNew}
		for _, m := range p.Metrics {
			back.Metrics = append(back.Metrics, experiment.PaneSums{Events: -m.Events, Sum: m.Sum.Neg()})
		}
		for _, b := range p.Bins {
			minus := experiment.PaneBins{Values: b.Values.Neg()}
			for _, u := range b.Seen {
				minus.Seen.Add(u.Gap, -u.Units)
			}
			back.Bins = append(back.Bins, minus)
		}
		out.Panes = append(out.Panes, back)
	}
	return out
}

func num(t *testing.T, n result.Number) float64 {
	t.Helper()
	x, ok := n.Float()
	require.True(t, ok, "the number is null")
	return x
}

func null(t *testing.T, numbers ...result.Number) {
	t.Helper()
	for i, n := range numbers {
		x, ok := n.Float()
		require.False(t, ok, "number %d is %v", i, x)
		require.True(t, math.IsNaN(x))
	}
}
