package processors_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// written are the keys and values of a topic as they are in it.
func written(d *topologytest.Driver, topic string) (all [][2]string) {
	show := func(data []byte) string {
		if data == nil {
			return "null"
		}
		return strconv.Quote(string(data))
	}
	for _, rec := range d.Records(topic) {
		all = append(all, [2]string{show(rec.Key), show(rec.Value)})
	}
	return all
}

// nulls is a topology over the topic in, which has values without key and keys without value.
func nulls(t *testing.T, build func(in topology.Stream[string, string])) *topologytest.Driver {
	t.Helper()
	var b topology.Builder
	build(topology.From(&b, "in", codecs.String, codecs.String))
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	in := topologytest.NewIn(d, "in", codecs.String, codecs.String)
	in.Pipe("ann", "1")
	in.Put(topology.Record[string, string]{Keyless: true, Value: "2"})
	in.Pipe("", "")
	d.Run()
	in.Delete("ann")
	in.Put(topology.Record[string, string]{Keyless: true, Tombstone: true})
	d.Run()
	return d
}

var asPiped = [][2]string{{`"ann"`, `"1"`}, {"null", `"2"`}, {`""`, `""`}, {`"ann"`, "null"}, {"null", "null"}}

// Null goes through a topology as null, and empty as empty.
func TestNullsStayNull(t *testing.T) {
	d := nulls(t, func(in topology.Stream[string, string]) {
		topology.To(in, "copy")
		kept := processors.Filter(in, "kept", func(string, string) bool { return true })
		mapped := processors.MapValues(kept, "mapped", func(v string) string { return v })
		tried := processors.TryMapValues(topology.WithCodecs(mapped, codecs.String, codecs.String), "tried", func(v string) (string, error) { return v, nil })
		topology.To(topology.WithCodecs(tried, codecs.String, codecs.String), "mapped")
		each := processors.FlatMapValues(in, "each", func(v string, emit func(string)) { emit(v) })
		topology.To(topology.WithCodecs(each, codecs.String, codecs.String), "each")
	})
	require.ElementsMatch(t, asPiped, written(d, "copy"))
	require.ElementsMatch(t, asPiped, written(d, "mapped"))
	require.ElementsMatch(t, asPiped[:3], written(d, "each"))
	require.Empty(t, d.Records("app.dlq"))
}

// Aggregates skip records without key or value, tables those without key; a record without value deletes.
func TestNullsAtState(t *testing.T) {
	d := nulls(t, func(in topology.Stream[string, string]) {
		topology.To(processors.Count(in, "counts"), "counts")
		topology.To(processors.CountWindows(processors.Window(in, processors.Tumbling{Size: time.Hour}), "windows"), "windows")
		topology.To(processors.CountWindows(processors.Window(in, processors.Session{Gap: time.Hour}), "sessions"), "sessions")
		latest := processors.ToTable(in, "latest")
		processors.ToVersionedTable(in, "versions", time.Hour)
		processors.ToExpiringTable(in, "expiring", time.Hour)
		joined := processors.LeftJoinTable(in, latest, "joined", func(_, v string, row *string) string { return v })
		topology.To(topology.WithCodecs(joined, codecs.String, codecs.String), "joined")
		pairs := processors.JoinTables(in, in, "pairs", func(_, l, r string) string { return l + r })
		topology.To(topology.WithCodecs(pairs, codecs.String, codecs.String), "pairs")
		near := processors.JoinStreams(in, in, processors.JoinWindow{After: time.Hour}, "near", func(_, l, r string) string { return l + r })
		topology.To(topology.WithCodecs(near, codecs.String, codecs.String), "near")
	})
	ones := map[string]int64{"ann": 1, "": 1}
	require.Equal(t, ones, numbers(t, d, "counts"))
	for _, topic := range []string{"windows", "sessions"} {
		require.Len(t, d.Last(topic), 2, topic)
	}
	require.Equal(t, map[string][]byte{"": {}}, d.Rows("latest"), "the tombstone has deleted ann's row")
	require.Len(t, d.Rows("expiring"), 1)
	require.ElementsMatch(t, [][2]string{{`"ann"`, `"1"`}, {`""`, `""`}}, written(d, "joined"))
	require.NotContains(t, d.Last("pairs"), "ann")
	require.ElementsMatch(t, [][2]string{{`"ann"`, `"11"`}, {`""`, `""`}}, written(d, "near"))
	require.Empty(t, d.Records("app.dlq"))
}

// A record without key may get one; a codec of its key is not asked before.
func TestAKeylessRecordGetsAKey(t *testing.T) {
	var b topology.Builder
	in := topology.From(&b, "in", codecs.Int64, codecs.String)
	topology.To(processors.Count(processors.GroupBy(in, "words", func(_ int64, v string) string { return v }, codecs.String), "counts"), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	for range 2 {
		d.Pipe("in", nil, []byte("pear"))
	}
	d.Run()
	require.Equal(t, map[string]int64{"pear": 2}, numbers(t, d, "counts"))
	require.Empty(t, d.Records("app.dlq"))
}

// Where keys are changed a tombstone ends: its key would be made of a value that it does not have.
func TestTombstonesGetNoKey(t *testing.T) {
	var b topology.Builder
	users := topology.FromTable(&b, "users", "users", codecs.String, codecs.String)
	moved := processors.GroupBy(users.Stream, "by-region", func(_, region string) string { return region }, codecs.String)
	processors.ToTable(moved, "regions")
	mapped := processors.Map(users.Stream, "swapped", func(k, v string) (string, string) { return v, k })
	topology.To(topology.WithCodecs(mapped, codecs.String, codecs.String), "swapped")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	in := topologytest.NewIn(d, "users", codecs.String, codecs.String)
	in.Pipe("nobody", "")
	in.Pipe("ann", "EU")
	d.Run()
	in.Delete("ann")
	d.Run()
	require.Equal(t, map[string][]byte{"": {}, "EU": []byte("EU")}, d.Rows("regions"), "no row of key \"\" is deleted")
	require.ElementsMatch(t, [][2]string{{`""`, `"nobody"`}, {`"EU"`, `"ann"`}}, written(d, "swapped"))
}
