package processors_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

type texts = topology.Stream[string, string]

// A function that is nil is a fault of the topology, and no panic at its first record.
func TestNilFunctionsAreFaults(t *testing.T) {
	within := processors.JoinWindow{After: time.Second}
	hours := processors.Tumbling{Size: time.Hour}
	for name, use := range map[string]func(in texts){
		"filter":           func(in texts) { processors.Filter(in, "it", nil) },
		"filternot":        func(in texts) { processors.FilterNot(in, "it", nil) },
		"map":              func(in texts) { processors.Map[string, string, string, string](in, "it", nil) },
		"mapvalues":        func(in texts) { processors.MapValues[string, string, string](in, "it", nil) },
		"trymapvalues":     func(in texts) { processors.TryMapValues[string, string, string](in, "it", nil) },
		"flatmap":          func(in texts) { processors.FlatMap[string, string, string, string](in, "it", nil) },
		"flatmapvalues":    func(in texts) { processors.FlatMapValues[string, string, string](in, "it", nil) },
		"selectkey":        func(in texts) { processors.SelectKey[string, string, string](in, "it", nil) },
		"groupby":          func(in texts) { processors.GroupBy(in, "it", nil, codecs.String) },
		"peek":             func(in texts) { processors.Peek(in, "it", nil) },
		"dedup":            func(in texts) { processors.Dedup(in, "it", nil, codecs.String, time.Second) },
		"reduce":           func(in texts) { processors.Reduce(in, "it", nil) },
		"aggregate":        func(in texts) { processors.Aggregate(in, "it", codecs.Int64, nil) },
		"reducewindows":    func(in texts) { processors.ReduceWindows(processors.Window(in, hours), "it", nil) },
		"aggregatewindows": func(in texts) { processors.AggregateWindows(processors.Window(in, hours), "it", codecs.Int64, nil) },
		"cogroup":          func(in texts) { processors.Cogroup[string, string, int64](in, "it", nil) },
		"jointable": func(in texts) {
			processors.JoinTable[string, string, string, string](in, processors.ToTable(in, "rows"), "it", nil)
		},
		"leftjointable": func(in texts) {
			processors.LeftJoinTable[string, string, string, string](in, processors.ToTable(in, "rows"), "it", nil)
		},
		"jointables":       func(in texts) { processors.JoinTables[string, string, string, string](in, in, "it", nil) },
		"outerjointables":  func(in texts) { processors.OuterJoinTables[string, string, string, string](in, in, "it", nil) },
		"joinstreams":      func(in texts) { processors.JoinStreams[string, string, string, string](in, in, within, "it", nil) },
		"outerjoinstreams": func(in texts) { processors.OuterJoinStreams[string, string, string, string](in, in, within, "it", nil) },
		"joinforeign": func(in texts) {
			processors.JoinForeign[string, string, string, string, string](in, in, "it", processors.Foreign[string, string, string, string]{Result: codecs.String}, nil)
		},
		"joinglobal": func(in texts) {
			processors.JoinGlobal[string, string, string](in, processors.GlobalTable(topology.BuilderOf(in), "all", codecs.String, codecs.String), "it", nil, nil)
		},
	} {
		var b topology.Builder
		use(topology.From(&b, "in", codecs.String, codecs.String))
		_, err := b.Build("app")
		require.ErrorContains(t, err, `node "it": a function of it is nil`, name)
	}
}

// Other things that are not there are faults as well.
func TestWhatIsMissingIsAFault(t *testing.T) {
	var b topology.Builder
	in := topology.From(&b, "in", codecs.String, codecs.String)
	processors.CountWindows(processors.Window(in, nil), "windows")
	processors.JoinGlobal(in, processors.Global[string, string]{}, "joined", func(k, _ string) string { return k }, func(_, v, _ string) string { return v })
	_, err := b.Build("app")
	require.ErrorContains(t, err, `node "windows": its windows are of no kind`)
	require.ErrorContains(t, err, `node "joined": its global table is none`)
	require.PanicsWithValue(t, "topology: the zero Stream, below no source: has a branch another name, or is a variable not set?", func() {
		processors.Count(processors.Branch(in, "branch", processors.Case[string, string]{Name: "all"})["al"], "counts")
	})
}

// What is forwarded while a window is open must not be late where it is held back.
func TestSuppressClosesAfterTheWindowsAbove(t *testing.T) {
	for name, c := range map[string]struct {
		by    processors.WindowedBy
		grace time.Duration
		ok    bool
	}{
		"tumbling":         {processors.Tumbling{Size: time.Minute, Grace: time.Minute}, time.Minute, true},
		"tumbling, less":   {processors.Tumbling{Size: time.Minute, Grace: time.Minute}, time.Minute - time.Millisecond, false},
		"session":          {processors.Session{Gap: time.Minute, Grace: time.Second}, 61 * time.Second, true},
		"session, its own": {processors.Session{Gap: time.Minute, Grace: time.Second}, time.Second, false},
	} {
		var b topology.Builder
		counts := processors.CountWindows(processors.Window(topology.From(&b, "in", codecs.String, codecs.String), c.by), "counts")
		processors.Suppress(counts, "final", c.grace)
		_, err := b.Build("app")
		if c.ok {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, `node "final": its grace is`, name)
	}
}
