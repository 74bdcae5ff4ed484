package processors_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// told writes each record of a stream to the topic told: its key, its value, its time and its headers.
func told[K, V any](in topology.Stream[K, V]) {
	out := topology.Process(in, "tell", topology.Needs{}, func(out topology.Forward[string, string]) topology.Processor[K, V] {
		return telling[K, V]{out}
	})
	topology.To(topology.WithCodecs(out, codecs.String, codecs.String), "told")
}

type telling[K, V any] struct {
	out topology.Forward[string, string]
}

func (telling[K, V]) Init(topology.Context) error { return nil }

func (p telling[K, V]) Process(rec *topology.Record[K, V]) error {
	text := fmt.Sprint(rec.Value)
	if rec.Tombstone {
		text = none
	}
	text += " @" + clock(rec.Time)
	for _, h := range rec.Headers {
		text += " " + h.Key + "=" + string(h.Value)
	}
	key := fmt.Sprint(rec.Key)
	if w, ok := any(rec.Key).(processors.Windowed[string]); ok {
		key = w.Key
	}
	return p.out(&topology.Record[string, string]{Key: key, Value: text})
}

// propagation is what becomes of the times and headers of records "TOPIC t=MM:SS KEY VALUE HEADER", by operator.
var propagation = []struct {
	operator string
	build    func(b *topology.Builder)
	records  string
	want     string
}{
	{"Map", func(b *topology.Builder) {
		told(processors.Map(words(b), "map", func(k, v string) (string, string) { return v, k }))
	}, "words t=00:20 ann pear h=1", "pear ann @00:20 h=1"},
	{"MapValues", func(b *topology.Builder) {
		told(processors.MapValues(words(b), "map", strings.ToUpper))
	}, "words t=00:20 ann pear h=1", "ann PEAR @00:20 h=1"},
	{"MapValues of a tombstone", func(b *topology.Builder) {
		told(processors.MapValues(prices(b).Stream, "map", strings.ToUpper))
	}, "prices t=00:20 pear ~ h=1", "pear ~ @00:20 h=1"},
	{"TryMapValues", func(b *topology.Builder) {
		told(processors.TryMapValues(words(b), "map", func(v string) (int, error) { return len(v), nil }))
	}, "words t=00:20 ann pear h=1", "ann 4 @00:20 h=1"},
	{"FlatMap", func(b *topology.Builder) {
		told(processors.FlatMap(words(b), "map", func(k, v string, emit func(string, string)) { emit(v, k); emit(k, v) }))
	}, "words t=00:20 ann pear h=1", "pear ann @00:20 h=1; ann pear @00:20 h=1"},
	{"FlatMapValues", func(b *topology.Builder) {
		told(processors.FlatMapValues(words(b), "map", func(v string, emit func(string)) { emit(v); emit(v) }))
	}, "words t=00:20 ann pear h=1", "ann pear @00:20 h=1; ann pear @00:20 h=1"},
	{"Filter, FilterNot, Peek, SelectKey, Branch, Merge", func(b *topology.Builder) {
		all := func(string, string) bool { return true }
		in := processors.Filter(words(b), "filter", all)
		in = processors.FilterNot(in, "filternot", func(string, string) bool { return false })
		in = processors.Peek(in, "peek", func(*topology.Record[string, string]) {})
		in = processors.SelectKey(in, "key", func(k, _ string) string { return k + "!" })
		in = processors.Branch(in, "branch", processors.Case[string, string]{Name: "all", If: all})["all"]
		told(topology.Merge("merge", in))
	}, "words t=00:20 ann pear h=1", "ann! pear @00:20 h=1"},
	{"Repartition", func(b *topology.Builder) {
		told(topology.Repartition(words(b), "moved"))
	}, "words t=00:20 ann pear h=1", "ann pear @00:20 h=1"},
	{"Dedup", func(b *topology.Builder) {
		told(processors.Dedup(words(b), "once", value, codecs.String, within))
	}, "words t=00:20 ann pear h=1\nwords t=00:21 ann pear h=2", "ann pear @00:20 h=1"},
	{"ToTable", func(b *topology.Builder) {
		told(processors.ToTable(prices(b).Stream, "table").Stream)
	}, "prices t=00:20 pear 1 h=1\nprices t=00:10 pear ~ h=2", "pear 1 @00:20 h=1; pear ~ @00:10 h=2"},
	{"ToVersionedTable", func(b *topology.Builder) {
		told(pastPrices(b, "prices", "price").Stream)
	}, "prices t=00:20 pear 1 h=1\nprices t=00:10 pear ~ h=2", "pear 1 @00:20 h=1"},
	{"ToExpiringTable", func(b *topology.Builder) {
		told(passingPrices(b).Stream)
	}, "prices t=00:20 pear 1 h=1\nprices t=00:50 fig 1 h=2", "pear 1 @00:20 h=1; pear ~ @00:30; fig 1 @00:50 h=2"},

	{"Count: the greatest time, no headers", func(b *topology.Builder) {
		told(processors.Count(words(b), "count"))
	}, "words t=00:20 ann a h=1\nwords t=00:10 ann b h=2", "ann 1 @00:20; ann 2 @00:20"},
	{"Reduce: likewise", func(b *topology.Builder) {
		told(processors.Reduce(words(b), "all", func(a, b string) string { return a + b }))
	}, "words t=00:20 ann a h=1\nwords t=00:10 ann b h=2\nwords t=00:30 ann c h=3", "ann a @00:20; ann ab @00:20; ann abc @00:30"},
	{"AggregateCogroup: likewise", func(b *topology.Builder) {
		bought, spent := cogrouped(b)
		told(processors.MapValues(processors.AggregateCogroup(bought, "customers", codecs.JSON[customer](), spent), "items", func(c customer) int { return len(c.Items) }))
	}, "words t=00:20 ann a h=1\nwords t=00:10 ann b h=2", "ann 1 @00:20; ann 2 @00:20"},
	{"windows: the last time of the window", func(b *topology.Builder) {
		told(processors.CountWindows(processors.Window(words(b), processors.Tumbling{Size: 10 * time.Second}), "panes"))
	}, "words t=00:21 ann a h=1", "ann 1 @00:29.999"},
	{"sessions: that of their last record", func(b *topology.Builder) {
		told(processors.CountWindows(processors.Window(words(b), processors.Session{Gap: 10 * time.Second}), "sessions"))
	}, "words t=00:21 ann a h=1\nwords t=00:25 ann a h=2", "ann 1 @00:21; ann ~ @00:25; ann 2 @00:25"},
	{"Suppress: as windows", func(b *topology.Builder) {
		panes := processors.CountWindows(processors.Window(words(b), processors.Tumbling{Size: 10 * time.Second}), "panes")
		told(processors.Suppress(panes, "held", 0))
	}, "words t=00:21 ann a h=1\nwords t=00:31 ann a h=2", "ann 1 @00:29.999"},

	{"JoinTable: those of the record", func(b *topology.Builder) {
		told(processors.JoinTable(words(b), prices(b), "priced", both))
	}, "prices t=00:25 pear 1 h=1\nwords t=00:20 pear a h=2", "pear a+1 @00:20 h=2"},
	{"JoinTableAsOf: likewise", func(b *topology.Builder) {
		told(processors.JoinTableAsOf(words(b), pastPrices(b, "prices", "price"), time.Second, "priced", both))
	}, "prices t=00:15 pear 1 h=1\nwords t=00:20 pear a h=2\nprices t=00:30 fig 1 h=3\nwords t=00:30 fig b h=4", "pear a+1 @00:20 h=2"},
	{"JoinGlobal: likewise", func(b *topology.Builder) {
		told(processors.JoinGlobal(words(b), processors.GlobalTable(b, "regions", codecs.String, codecs.String), "placed", value, both))
	}, "regions t=00:25 DE EU h=1\nwords t=00:20 ann DE h=2", "ann DE+EU @00:20 h=2"},
	{"JoinTables: the greater time, the headers of the update", func(b *topology.Builder) {
		told(processors.JoinTables(prices(b).Stream, topology.FromTable(b, "ads", "ad", codecs.String, codecs.String).Stream, "pairs", both))
	}, "prices t=00:25 pear 1 h=1\nads t=00:20 pear a h=2\nads t=00:30 pear ~ h=3", "pear 1+a @00:25 h=2; pear ~ @00:30 h=3"},
	{"JoinForeign: likewise", func(b *topology.Builder) {
		ads := topology.FromTable(b, "ads", "ad", codecs.String, codecs.String)
		told(processors.JoinForeign(ads.Stream, prices(b).Stream, "offer", processors.Foreign[string, string, string, string]{Key: fruit, Result: codecs.String}, both))
	}, "prices t=00:25 pear 1 h=1\nads t=00:20 a pear h=2\nprices t=00:30 pear 2 h=3", "a pear+1 @00:25 h=2; a pear+2 @00:30 h=3"},
	{"JoinStreams: the greater time, the headers of the second; alone its time, no headers", func(b *topology.Builder) {
		told(processors.LeftJoinStreams(words(b), clicks(b), near, "near", rightOrNone))
	}, "clicks t=00:25 pear 1 h=1\nwords t=00:20 pear a h=2\nwords t=00:21 fig b h=3\nwords t=01:00 x x h=4\nclicks t=01:00 y y h=5", "pear a+1 @00:25 h=2; fig b+~ @00:21"},
	{"a processor's own, a punctuator: what it gives", func(b *topology.Builder) {
		told(topology.Process(words(b), "own", topology.Needs{}, func(out topology.Forward[string, string]) topology.Processor[string, string] {
			return &punctuating{out: out}
		}))
	}, "words t=00:20 ann a h=1\nwords t=00:45 bob b h=2", "stream now @00:20; ann a @00:20 h=1; stream now @00:45; bob b @00:45 h=2"},
}

// punctuating forwards what it gets, and a record each 10 s of stream time.
type punctuating struct {
	out topology.Forward[string, string]
}

func (p *punctuating) Init(ctx topology.Context) error {
	return ctx.Punctuate(topology.Punctuator{Name: "tick", Clock: topology.StreamClock, Every: 10 * time.Second, Fire: func(now int64) error {
		return p.out(&topology.Record[string, string]{Key: "stream", Value: "now", Time: now})
	}})
}

func (p *punctuating) Process(rec *topology.Record[string, string]) error { return p.out(rec) }

func TestTimesAndHeadersOfResults(t *testing.T) {
	for _, c := range propagation {
		t.Run(c.operator, func(t *testing.T) {
			var b topology.Builder
			c.build(&b)
			topo, err := b.Build("app")
			require.NoError(t, err)
			d := topologytest.New(t, topo, topologytest.Config{})
			for line := range strings.Lines(c.records) {
				f := strings.Fields(line)
				name, header, _ := strings.Cut(f[4], "=")
				d.PipeAt(f[0], epoch(t, f[1]), []byte(f[2]), encode(f[0], f[3]), topology.Header{Key: name, Value: []byte(header)})
				d.Run()
			}
			var got []string
			for _, r := range d.Records("told") {
				got = append(got, string(r.Key)+" "+string(r.Value))
			}
			require.Equal(t, c.want, strings.Join(got, "; "))
			require.Empty(t, d.Records("app.dlq"))
		})
	}
}
