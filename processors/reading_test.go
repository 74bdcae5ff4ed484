package processors_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// readable is an operator with a store "rows" that forwards to a topic "out".
type readable struct {
	build func(in topology.Stream[string, int64])
	due   time.Duration // of windows: how long after its end one closes
	table bool          // tombstones delete
	plain bool          // there are no windows
}

func counted(by processors.WindowedBy, due time.Duration) readable {
	return readable{due: due, build: func(in topology.Stream[string, int64]) {
		topology.To(processors.CountWindows(processors.Window(in, by), "rows"), "out")
	}}
}

func summed(by processors.WindowedBy, due time.Duration) readable {
	return readable{due: due, build: func(in topology.Stream[string, int64]) {
		topology.To(processors.ReduceWindows(processors.Window(in, by), "rows", sum), "out")
	}}
}

const grace = 3 * time.Second

var readables = map[string]readable{
	"count": {plain: true, build: func(in topology.Stream[string, int64]) {
		topology.To(processors.Count(in, "rows"), "out")
	}},
	"reduce": {plain: true, build: func(in topology.Stream[string, int64]) {
		topology.To(processors.Reduce(in, "rows", sum), "out")
	}},
	"aggregate": {plain: true, build: func(in topology.Stream[string, int64]) {
		list := func(all []int64, _ string, n int64) ([]int64, error) { return append(all, n), nil }
		topology.To(processors.Aggregate(in, "rows", codecs.JSON[[]int64](), list), "out")
	}},
	"cogroup": {plain: true, build: func(in topology.Stream[string, int64]) {
		adds := processors.Cogroup(in, "adds", func(n int64, _ string, v int64) (int64, error) { return n + v, nil })
		topology.To(processors.AggregateCogroup(adds, "rows", codecs.Int64), "out")
	}},
	"table": {plain: true, table: true, build: func(in topology.Stream[string, int64]) {
		topology.To(processors.ToTable(in, "rows").Stream, "out")
	}},
	"expiring": {plain: true, table: true, build: func(in topology.Stream[string, int64]) {
		topology.To(processors.ToExpiringTable(in, "rows", 10*time.Second).Stream, "out")
	}},
	"versioned": {plain: true, table: true, build: func(in topology.Stream[string, int64]) {
		topology.To(processors.ToVersionedTable(in, "rows", 20*time.Second).Stream, "out")
	}},
	"tumbling":       counted(processors.Tumbling{Size: 5 * time.Second, Grace: grace}, grace),
	"tumbling-every": counted(processors.Tumbling{Size: 5 * time.Second, Grace: grace, Emit: processors.OnUpdate, Every: 2 * time.Second}, grace),
	"hopping":        counted(processors.Hopping{Size: 6 * time.Second, Advance: 4 * time.Second, Grace: grace}, grace),
	"hopping-every":  summed(processors.Hopping{Size: 5 * time.Second, Advance: time.Second, Grace: grace, Emit: processors.OnUpdate, Every: 2 * time.Second}, grace),
	"sliding":        summed(processors.Sliding{Difference: 5 * time.Second, Grace: grace}, grace),
	"session":        summed(processors.Session{Gap: 4 * time.Second, Grace: grace}, 4*time.Second+grace),
	"session-both":   counted(processors.Session{Gap: 2 * time.Second, Grace: grace, Emit: processors.OnUpdate | processors.OnClose}, 2*time.Second+grace),
}

// Keys that others begin with, one of them with what the rows of sliding windows have between a key and the next.
var readableKeys = []string{"", "ann", "annabel", "ann\x80\x00\x01\x9b\x76\xda\xa5\x00", "bob"}

// read runs an operator on random records, and gives the stream time that they come to.
func (r readable) read(t *rapid.T) (d *topologytest.Driver, streamTime int64) {
	var b topology.Builder
	r.build(topology.FromUpdates(&b, "orders", codecs.String, codecs.Int64, nil))
	topo, err := b.Build("app")
	require.NoError(t, err)
	d = topologytest.New(nil, topo, topologytest.Config{})
	at := start + 100_000
	streamTime = math.MinInt64
	for n := range rapid.IntRange(10, 40).Draw(t, "records") {
		at += rapid.Int64Range(-5, 6).Draw(t, "step") * 1000
		value := fmt.Sprint(n)
		if r.table && rapid.IntRange(0, 4).Draw(t, "deletes") == 0 {
			value = none
		}
		d.PipeAt("orders", at, []byte(rapid.SampledFrom(readableKeys).Draw(t, "key")), encode("orders", value))
		streamTime = max(streamTime, at)
		disturbAtRandom(t, d)
	}
	d.Run()
	return d, streamTime
}

// open leaves out the results of windows that stream time has passed.
func (r readable) open(last map[string][]byte, streamTime int64) map[string][]byte {
	open := map[string][]byte{}
	for key, value := range last {
		var w processors.Windowed[string]
		if r.plain || (processors.WindowedCodec[string]{Key: codecs.String}).Parse([]byte(key), &w) == nil && w.End+r.due.Milliseconds() > streamTime {
			open[key] = value
		}
	}
	return open
}

// What a reader finds is what a topic of the outputs has last, of windows that are open.
func TestReadersFindTheLastOutputs(t *testing.T) {
	for name, r := range readables {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d, streamTime := r.read(t)
				require.Equal(t, r.open(d.Last("out"), streamTime), d.Rows("rows"))
			})
		})
	}
}

// found is a row at its place in a scan.
type found struct {
	at  string
	row state.Shown
}

// scanned is what a scan shows, up to its first row behind so many; more says that there are others.
func scanned(t *rapid.T, of state.Reading, v *state.View, b state.Bounds, most int) (all []found, more bool) {
	require.NoError(t, of.Scan(v, b, func(at []byte, row state.Shown) bool {
		if more = len(all) >= most && all[len(all)-1].at != string(at); more {
			return false
		}
		if row.Key == nil {
			return true
		}
		row.Key, row.Value, row.Record = bytes.Clone(row.Key), bytes.Clone(row.Value), bytes.Clone(row.Record)
		all = append(all, found{string(at), row})
		return true
	}))
	return all, more
}

// readView is a view of the rows of a driver's only task.
func readView(t require.TestingT, d *topologytest.Driver, streamTime int64) (of state.Reading, v *state.View) {
	for _, sub := range d.Topology().Subs {
		for _, def := range sub.Stores {
			if def.Name == "rows" {
				of = def.Read()
			}
		}
	}
	return of, state.NewTable("rows", 0, storeOf(t, d.RawRows("rows")), 0).View(streamTime)
}

func storeOf(t require.TestingT, rows map[string][]byte) state.Store {
	store, batch := memory.New().Store("rows"), &state.Batch{}
	for key, row := range rows {
		batch.Put([]byte(key), row)
	}
	require.NoError(t, store.Apply(batch))
	return store
}

func drawBounds(t *rapid.T) state.Bounds {
	b := state.Bounds{Since: math.MinInt64, Until: math.MaxInt64, Reverse: rapid.Bool().Draw(t, "reverse")}
	key := rapid.SampledFrom(append([]string{"bob", "ann", "anna", "z", "\x00"}, readableKeys...))
	switch rapid.IntRange(0, 2).Draw(t, "keys") {
	case 0:
		b.Key = append([]byte{}, key.Draw(t, "only")...)
	case 1:
		b.From, b.To = []byte(key.Draw(t, "from")), []byte(key.Draw(t, "to"))
	}
	if rapid.Bool().Draw(t, "times") {
		b.Since = start + rapid.Int64Range(80, 140).Draw(t, "since")*1000
		b.Until = b.Since + rapid.Int64Range(0, 20).Draw(t, "length")*1000
	}
	return b
}

// Whatever is asked for, a scan shows of all rows those within its bounds, once each, also in parts; and each of them
// is found by its key.
func TestReadersFindWhatTheyAskFor(t *testing.T) {
	for name, r := range readables {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d, streamTime := r.read(t)
				of, v := readView(t, d, streamTime)
				all, _ := scanned(t, of, v, state.Bounds{Since: math.MinInt64, Until: math.MaxInt64}, math.MaxInt)
				for _, f := range all {
					value, ok, err := of.Get(v, f.row.Key)
					require.NoError(t, err)
					require.True(t, ok)
					require.Equal(t, f.row.Value, bytes.Clone(value))
					record, err := of.Record(f.row.Key)
					require.NoError(t, err)
					require.Equal(t, string(f.row.Record), string(record))
				}
				b := drawBounds(t)
				want := slices.DeleteFunc(slices.Clone(all), func(f found) bool {
					return !b.Has(f.row.Record) || !r.plain && (f.row.Start < b.Since || f.row.Start >= b.Until)
				})
				if b.Reverse {
					slices.Reverse(want)
				}
				var got []found
				for most, more := rapid.IntRange(1, 5).Draw(t, "page"), true; more; {
					var page []found
					if page, more = scanned(t, of, v, b, most); len(page) > 0 {
						b.After = []byte(page[len(page)-1].at)
					}
					got = append(got, page...)
				}
				require.Equal(t, rowsOf(want), rowsOf(got))
			})
		})
	}
}

func rowsOf(all []found) (rows []string) {
	for _, f := range all {
		rows = append(rows, show(f.row.Key)+" "+show(f.row.Value))
	}
	return rows
}

// More keys than a scan of hopping windows reads at once, some in one pane and some in many.
func TestReadersFindManyKeysOfHoppingWindows(t *testing.T) {
	const size, keys = 10, 3000
	var b topology.Builder
	summed(processors.Hopping{Size: size * time.Second, Advance: time.Second}, 0).build(orders(&b))
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	want := map[string]int{}
	for second := range size {
		for key := range keys {
			if key%(second+1) == 0 {
				name := fmt.Sprintf("key %d", key)
				d.PipeAt("orders", start+int64(second)*1000, []byte(name), encode("orders", "1"))
				want[name]++
			}
		}
	}
	d.Run()
	of, v := readView(t, d, start+(size-1)*1000)
	for _, reverse := range []bool{false, true} {
		got, last := map[string]int{}, ""
		whole := state.Bounds{Since: start, Until: start + 1, Reverse: reverse}
		require.NoError(t, of.Scan(v, whole, func(at []byte, row state.Shown) bool {
			if row.Key != nil {
				require.True(t, last == "" || (string(at) < last) == reverse, "%s comes behind %s", at, last)
				last = string(at)
				var n int64
				require.NoError(t, codecs.Int64.Parse(row.Value, &n))
				got[string(row.Record)] += int(n)
			}
			return true
		}))
		require.Equal(t, want, got)
	}
}

// A key that is none, a row that is none and a copy that cannot know are named.
func TestReadersSayWhatIsWrong(t *testing.T) {
	key := []byte("k")
	for name, r := range readables {
		var b topology.Builder
		r.build(topology.FromUpdates(&b, "orders", codecs.String, codecs.Int64, nil))
		topo, err := b.Build("app")
		require.NoError(t, err)
		d := topologytest.New(t, topo, topologytest.Config{})
		d.PipeAt("orders", start, key, encode("orders", "7"))
		d.Run()
		of, whole := readView(t, d, start)
		var shown []byte
		everything := state.Bounds{Since: math.MinInt64, Until: math.MaxInt64}
		none := func([]byte, state.Shown) bool { return true }
		require.NoError(t, of.Scan(whole, everything, func(_ []byte, row state.Shown) bool {
			if row.Key != nil && shown == nil {
				shown = bytes.Clone(row.Key)
			}
			return true
		}), name)
		require.NotNil(t, shown, name)
		broken := d.RawRows("rows")
		for key := range broken {
			broken[key] = []byte{99}
		}
		view := state.NewTable("rows", 0, storeOf(t, broken), 0).View(start)
		if name != "table" { // whose rows are whatever the codec has written
			require.ErrorContains(t, of.Scan(view, everything, none), "row ", name)
			_, _, err = of.Get(view, shown)
			require.ErrorContains(t, err, "malformed", name)
		}
		if !r.plain {
			_, _, err = of.Get(view, []byte("ann"))
			require.ErrorIs(t, err, state.ErrKey, name)
			_, err = of.Record([]byte("a longer key, but of no window"))
			require.ErrorIs(t, err, state.ErrKey, name)
		}
		copied := state.StandbyView(storeOf(t, d.RawRows("rows")), start)
		_, ok, err := of.Get(copied, shown)
		if strings.HasPrefix(name, "hopping") || strings.HasPrefix(name, "sliding") {
			require.ErrorIs(t, err, state.ErrStandby, name)
			require.ErrorIs(t, of.Scan(copied, everything, none), state.ErrStandby, name)
		} else {
			require.NoError(t, err, name)
			require.True(t, ok, name)
		}
	}
}
