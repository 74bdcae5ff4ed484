package cells_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// op is one record of a script: a delta of an experiment, a watermark, or a definition.
type op struct {
	delta     *experiment.Delta
	watermark int64
	define    *experiment.Entry
}

func (b *bench) do(o op) {
	switch {
	case o.define != nil:
		b.define(*o.define)
	case o.delta != nil:
		b.delta("button", o.delta)
	default:
		b.watermark(o.watermark)
	}
}

// settle lets everything that was put off be sent.
func (b *bench) settle() {
	b.d.Run()
	b.d.Advance(3 * time.Second)
}

// script draws deltas, some of which take an earlier one back or come late, and a watermark that rises between them.
// What matures does so in panes from earliest on, counted from the watermark: less than 0 is late, of a task that was idle.
func script(t *rapid.T, earliest int64) (ops []op) {
	mark := t0 - 1000
	var done []*experiment.Delta
	for range rapid.IntRange(1, 25).Draw(t, "ops") {
		kind := rapid.IntRange(0, 7).Draw(t, "kind")
		switch {
		case kind == 0:
			mark += 1000 * rapid.Int64Range(0, 40).Draw(t, "seconds")
			ops = append(ops, op{watermark: mark})
		case kind > 5:
			pane := mark + 1000*rapid.Int64Range(earliest, 20).Draw(t, "ripe")
			ops = append(ops, op{delta: ripen(rapid.IntRange(0, 1).Draw(t, "variant"), pane, rapid.IntRange(1, 200).Draw(t, "units"))})
		case kind == 1 && len(done) > 0:
			i := rapid.IntRange(0, len(done)-1).Draw(t, "undone")
			ops = append(ops, op{delta: undo(done[i])})
			done = slices.Delete(done, i, i+1)
		default:
			pane := t0 + 1000*rapid.Int64Range(0, 100).Draw(t, "pane")
			d := buyer(rapid.IntRange(0, 1).Draw(t, "variant"), pane, rapid.Int64Range(-500, 5000).Draw(t, "cents"))
			if d.Panes[0].Start+1000 <= mark {
				d.Panes[0].Late = 1
			}
			d.Cells[0].FirstSeen, d.Cells[0].Matured, d.Cells[0].NonZero, d.Cells[0].Drawn = 0, make([]stats.Sums, 3), nil, nil
			d.Dropped[experiment.DropNoValue] = rapid.Int64Range(0, 1).Draw(t, "dropped")
			done = append(done, d)
			ops = append(ops, op{delta: d})
		}
	}
	return append(ops, op{watermark: mark + 300_000})
}

// ripen is units of a variant that mature in a pane, each with a conversion and a click.
func ripen(variant int, pane int64, units int) *experiment.Delta {
	cell := experiment.CellDelta{
		Variant: variant, Epoch: 1, FirstSeen: int64(units), Matured: make([]stats.Sums, 3),
		NonZero: []int64{int64(units), int64(units), 0}, Drawn: []int64{int64(units), 0, 0}, Ripe: pane,
	}
	for i := range units {
		cell.Matured[0].Include(1)
		cell.Matured[1].Include(int64(1 + i%3))
		cell.Matured[2].Include(0)
	}
	return &experiment.Delta{Run: 1, Version: 1, Cells: []experiment.CellDelta{cell}}
}

var grains = entry(func(d *experiment.Definition) {
	d.Metrics[0].Guardrail, d.Metrics[0].OnHarm, d.Metrics[0].Margin, d.Metrics[0].Goal = true, "stop", 0.01, "decrease"
	d.Windows = []string{"1s", "5s", "60s", "sliding 60s"}
	d.Retention = map[string]experiment.Duration{"1s": 30_000, "5s": 600_000, "sliding 60s": 70_000}
})

// straight runs a script in one go.
func straight(t *testing.T, ops []op) *bench {
	b := newBench(t)
	b.define(grains)
	for _, o := range ops {
		b.do(o)
	}
	b.settle()
	return b
}

func TestRestartAtEveryRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ops := script(rt, -3)
		want := straight(t, ops)
		b := newBench(t)
		b.define(grains)
		dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		for _, o := range ops {
			b.do(o)
			b.disturb(dice)
		}
		b.settle()
		sameTexts(rt, want, b)
		for _, kind := range []byte("tpwsm") {
			require.ElementsMatch(rt, want.rows(kind), b.rows(kind))
		}
		for _, key := range b.rows('t') {
			require.Equal(rt, want.d.Last(changelog)[key], b.d.Last(changelog)[key], "the sums and what is remembered of the evidence")
		}
		require.Equal(rt, want.decided(), b.decided(), "each decision once, in order")
		for _, key := range b.rows('s') {
			require.Equal(rt, want.d.Last(changelog)[key], b.d.Last(changelog)[key], "the close schedule")
		}
	})
}

// disturb processes, commits, crashes, restarts or waits, as the dice fall.
func (b *bench) disturb(dice *rand.Rand) {
	switch dice.IntN(7) {
	case 0:
		b.d.Step()
		b.d.Commit()
	case 1:
		b.d.Run()
	case 2:
		b.d.Run()
		b.d.Restart()
	case 3:
		b.d.Wipe()
	case 4:
		b.d.CrashAt(topologytest.Step(1 + dice.IntN(5)))
		b.d.Run()
	case 5:
		b.d.Advance(time.Duration(dice.IntN(1500)) * time.Millisecond)
	}
}

// sameTexts requires that the last records by key are equal, byte for byte.
func sameTexts(t *rapid.T, want, got *bench) {
	w, g := want.d.Last(published), got.d.Last(published)
	require.Equal(t, slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g)))
	for key := range w {
		require.Equal(t, string(w[key]), string(g[key]))
	}
}

// Stage 1 combines what lies between two of its commits, and the definition may come late: neither may show.
func TestCommitsOfStageOneDoNotShow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ops := script(rt, 0)
		want := straight(t, ops)
		b := newBench(t)
		known := rapid.IntRange(0, len(ops)-1).Draw(rt, "defined")
		var joined *experiment.Delta
		for i, o := range ops {
			if i == known {
				b.define(grains)
			}
			if o.delta != nil {
				joined = join(joined, o.delta)
			}
			if o.delta == nil || rapid.Bool().Draw(rt, "commit") {
				if joined != nil {
					b.delta("button", joined)
					joined = nil
				}
				b.d.Run()
			}
			if o.delta == nil {
				b.do(o)
			}
		}
		b.settle()
		sameTexts(rt, want, b)
	})
}

func join(a, d *experiment.Delta) *experiment.Delta {
	if a == nil {
		return d
	}
	out := &experiment.Delta{Run: a.Run, Version: a.Version, Excluded: a.Excluded + d.Excluded, Dropped: a.Dropped}
	for i, n := range d.Dropped {
		out.Dropped[i] += n
	}
	out.Cells = append(slices.Clone(a.Cells), d.Cells...)
	out.Panes = append(slices.Clone(a.Panes), d.Panes...)
	return out
}
