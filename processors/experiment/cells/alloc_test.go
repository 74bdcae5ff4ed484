package cells

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
)

// double is a context that keeps nothing; only what stage 2 calls is there.
type double struct {
	topology.Context
	table    *state.Table
	registry func(topology.GlobalRow) error
}

func (d *double) Table(string) *state.Table                        { return d.table }
func (d *double) StreamTime() int64                                { return 1_790_000_000_000 }
func (d *double) WallTime() int64                                  { return 0 }
func (d *double) Count(string, int64)                              {}
func (d *double) Counter(string) *topology.Counter                 { return &topology.Counter{} }
func (d *double) Send(int, topology.Encoded)                       {}
func (d *double) OnFlush(func() error)                             {}
func (d *double) OnStreamTime(f func(int64) error) *topology.Timer { return topology.NewTimer(f) }
func (d *double) OnWallClock(f func(int64) error) *topology.Timer  { return topology.NewTimer(f) }
func (d *double) OnGlobal(_ string, apply func(topology.GlobalRow) error) {
	d.registry = apply
}

// steady is stage 2 with one running experiment, and a delta of two variants in four panes.
func steady(t testing.TB, segments ...experiment.Dimension) (topology.Processor[string, *experiment.Delta], *topology.Record[string, *experiment.Delta]) {
	var b topology.Builder
	cfg := Config{Stats: topology.NewSink(&b, "stats", codecs.Codec[string](codecs.String), codecs.Codec[*result.Record](result.Codec), nil)}
	p := New(cfg)(nil)
	ctx := &double{table: state.NewTable(Store, 0, memory.New().Store(Store), 0)}
	require.NoError(t, p.Init(ctx))
	def := experiment.Definition{
		Experiment: "button", Unit: "user", Control: "a", Windows: []string{"1s", "5s", "60s"},
		Variants: experiment.Variants{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}, Metrics: make([]experiment.Metric, 3), Segments: segments,
	}
	entry, err := json.Marshal(experiment.Entry{Experiment: "button", Run: 1, Versions: []experiment.Version{{Version: 1, Definition: def}}})
	require.NoError(t, err)
	require.NoError(t, ctx.registry(topology.GlobalRow{Value: entry}))
	d := &experiment.Delta{Run: 1, Version: 1}
	for v := range 2 {
		cell := experiment.CellDelta{Variant: v, Epoch: 1, Units: 10, Live: make([]stats.Sums, 3), Matured: make([]stats.Sums, 3)}
		cell.Live[2].Replace(0, 123456)
		for i := range int64(3) {
			bins := experiment.Bins{Metric: 2, Bucket: int(i)}
			bins.Values.Add(900*i, 1)
			cell.Bins = append(cell.Bins, bins)
		}
		ripe := experiment.CellDelta{Variant: v, Epoch: 1, FirstSeen: 3, Matured: make([]stats.Sums, 3), NonZero: make([]int64, 3), Drawn: []int64{2, 0, 0}, Ripe: 1_790_000_000_000}
		d.Cells = append(d.Cells, cell, ripe)
		if len(segments) > 0 {
			cell.Segment, ripe.Segment = 1, 1
			d.Cells = append(d.Cells, cell, ripe)
		}
		for i := range int64(4) {
			pane := experiment.PaneDelta{Variant: v, Start: 1_790_000_000_000 + 1000*i, UnitsNew: 3, Metrics: make([]experiment.PaneSums, 3)}
			pane.Metrics[1].Events = 5
			pane.BinsOf(1).Values.Add(700+i, 5)
			pane.BinsOf(1).Seen.Add(int(i)+1, 2)
			d.Panes = append(d.Panes, pane)
		}
	}
	return p, &topology.Record[string, *experiment.Delta]{Key: "button", Value: d}
}

func TestADeltaOfKnownCellsAllocatesNothing(t *testing.T) {
	for _, segments := range [][]experiment.Dimension{nil, {{Name: "country", Values: []string{"DE"}}}} {
		p, rec := steady(t, segments...)
		for range 100 {
			require.NoError(t, p.Process(rec))
		}
		require.Zero(t, testing.AllocsPerRun(200, func() {
			if p.Process(rec) != nil {
				t.Fail()
			}
		}), segments)
	}
}

func BenchmarkDelta(b *testing.B) {
	p, rec := steady(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Process(rec); err != nil {
			b.Fatal(err)
		}
	}
}

func TestKeys(t *testing.T) {
	w := window{"checkout-button", 3, "60s", 1_790_000_040_000}
	key := appendWindowKey(nil, windowRows, w)
	back, ok := parseWindowKey(key)
	require.True(t, ok)
	require.Equal(t, w, back)
	for _, bad := range [][]byte{nil, key[:7], key[:len(key)-1], append([]byte("w|a|x|60s|"), key[len(key)-8:]...), appendRunKey(nil, totalRows, "a-long-experiment", 1)} {
		_, ok := parseWindowKey(bad)
		require.False(t, ok, "%q", bad)
	}
	number, ok := runOf(key, w.experiment)
	require.True(t, ok)
	require.Equal(t, 3, number)
	number, ok = runOf(appendRunKey(nil, totalRows, "a", 12), "a")
	require.True(t, ok)
	require.Equal(t, 12, number)
	_, ok = runOf([]byte("t|a|"), "a")
	require.False(t, ok)
}

func TestMalformedRowsAreErrors(t *testing.T) {
	for _, row := range [][]byte{nil, {1}, {4, 0, 0, 1}, {1, 0, 0x80}, {1, 0, 0, 9}} {
		require.Error(t, (&totalRow{}).parse(row), "%x", row)
		require.Error(t, (&windowRow{}).parse(row), "%x", row)
	}
	key := appendWindowKey(nil, scheduleRows, window{"a", 1, "5s", 5000})
	_, ok, err := ParseClose(key, []byte{1, 2})
	require.False(t, ok)
	require.ErrorIs(t, err, errRow)
	_, ok, err = ParseClose([]byte("t|a|1"), nil)
	require.False(t, ok)
	require.NoError(t, err)

	p, rec := steady(t)
	cells := p.(*processor)
	cells.table.Put([]byte("t|button|1"), []byte{9})
	require.ErrorIs(t, p.Process(rec), errRow)
	cells.table.Put([]byte("p|other|1"), []byte{9})
	require.ErrorIs(t, p.Process(&topology.Record[string, *experiment.Delta]{Key: "other", Value: rec.Value}), errRow)
}

// A total of layout 1 knows nothing of panes of maturity and of evidence; the matured sums of tagged events were their live ones.
func TestATotalOfTheLayoutBeforeIsRead(t *testing.T) {
	sums := &experiment.Delta{Run: 1, Version: 1, Cells: []experiment.CellDelta{{Epoch: 1, Units: 3, Live: []stats.Sums{{N: 2}}}}}
	data, err := experiment.DeltaCodec{}.Append([]byte{1, flagUnsent, 10}, sums)
	require.NoError(t, err)
	row := totalRow{ripe: 9, folded: 9, late: 9, watch: Watch{tests: make([]test, 1)}}
	require.NoError(t, row.parse(data))
	require.Equal(t, []any{true, int64(5), int64(0), int64(0), int64(0), 0}, []any{row.unsent, row.last, row.ripe, row.folded, row.late, len(row.watch.tests)})
	row.matureEvents(&run{entry: experiment.Entry{Versions: []experiment.Version{{Definition: experiment.Definition{Unit: "event", RandomisedBy: "event"}}}}})
	require.Equal(t, []any{int64(3), []stats.Sums{{N: 2}}}, []any{row.sums.Cells[0].FirstSeen, row.sums.Cells[0].Matured})

	row.watch.test(testKey{ofComparison, 2, 1}).Observe(3.5, 7000, 0.05)
	row.watch.test(testKey{kind: ofSplit}).excluded, row.watch.test(testKey{kind: ofSplit}).higher = 9000, true
	row.ripe, row.folded, row.late = 8000, 7000, 1
	data, err = row.append(nil)
	require.NoError(t, err)
	var back totalRow
	require.NoError(t, back.parse(data))
	require.Equal(t, row, back)
	for n := range len(data) - 1 {
		require.Error(t, back.parse(data[:n]), n)
	}
}

// A total of layout 2 may have evidence of units that no weights had drawn: it goes, but for what has been decided by it.
func TestATotalOfLayoutTwoForgetsWhatConversionsShowed(t *testing.T) {
	p, _ := steady(t)
	cells := p.(*processor)
	r := cells.runs["button"]
	def := &r.entry.Versions[0].Definition
	def.Metrics[0].Kind, def.Metrics[1].Kind, def.Metrics[2].Kind = kindConversion, kindCount, kindConversion
	row := totalRow{sums: &experiment.Delta{Run: 1, Version: 1, Cells: []experiment.CellDelta{{Epoch: 1, NonZero: []int64{9, 9, 9}}}}}
	decided, stay := testKey{ofGuardrail, 2, 1}, []testKey{{ofComparison, 1, 1}, {ofGuardrail, 1, 1}, {ofGuardrail, 2, 1}, {kind: ofSplit}, {kind: ofCrossed}}
	for _, key := range append([]testKey{{ofComparison, 0, 1}, {ofComparison, 2, 1}, {ofGuardrail, 0, 1}}, stay...) {
		row.watch.test(key).LogE = 9
	}
	row.watch.test(decided).Crossed = 5000
	data, err := row.append(nil)
	require.NoError(t, err)
	for layout, want := range map[byte]int{totalLayout: 8, totalLayoutTwo: len(stay)} {
		data[0] = layout
		cells.table.Put([]byte("t|button|1"), data)
		require.NoError(t, cells.loadTotal(r))
		require.Len(t, cells.total.watch.tests, want, layout)
		require.NoError(t, cells.saveTotal(r))
		require.NoError(t, cells.loadTotal(r), "in the layout of today")
		require.Len(t, cells.total.watch.tests, want, layout)
	}
	for _, key := range stay {
		require.NotNil(t, cells.total.watch.find(key))
	}
	require.Zero(t, drawn(&cells.total.sums.Cells[0], 0))
}

func TestGrains(t *testing.T) {
	for name, length := range map[string]int64{"1s": 1000, "5s": 5000, "60s": 60_000, "1m": 60_000, "sliding 60s": 0, "500ms": 0, "-1s": 0, "": 0} {
		require.Equal(t, length, grainLength(name), name)
	}
	require.Equal(t, int64(-1000), floor(-1, 1000))
	require.Equal(t, int64(5000), floor(5999, 1000))
}
