package operators

import (
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

// application is a topology for the names of one app, with its input and the topics that are looked at.
type application struct {
	build   func(b *topology.Builder, app string)
	sources []string        // by the names behind the app's
	global  string          // a source of one partition
	input   func(in *input) // the phases
	outputs map[string]compared
}

// compared is how two runs of an output topic are.
type compared int

const (
	last compared = iota // the latest value of each key
	each                 // every record, in whatever order
)

var applications = map[string]application{
	"windows": {build: windows, sources: []string{"visits"}, input: visits, outputs: map[string]compared{
		"tumbling": last, "hopping": each, "sliding": last, "sessions": last, "closed-sessions": each,
		"every": last, "final": each, "once": each, "grouped": each, "tallies": each,
	}},
	"joins": {build: joins, sources: []string{"words", "clicks", "orders", "prices", "ads"}, global: "regions", input: trade, outputs: map[string]compared{
		"near": each, "near-left": each, "near-outer": each, "together": last,
		"inner": last, "left": last, "outer": last, "offers": last, "left-offers": last, "priced": each, "placed": each,
	}},
}

const (
	disorder = 4 * time.Second // of records that are not late
	grace    = 5 * time.Second
	late     = "late" // a page of records that lie further back
)

// windows are the operators of one stream in time, and a punctuator: behind its source, and behind a repartition topic.
func windows(b *topology.Builder, app string) {
	in := topology.From(b, app+"-visits", codecs.String, codecs.String)
	counts := func(name string, in topology.Stream[string, string], by processors.WindowedBy) topology.Stream[processors.Windowed[string], int64] {
		out := processors.CountWindows(processors.Window(in, by), name)
		topology.To(out, app+"-"+name)
		return out
	}
	tumbling := counts("tumbling", in, processors.Tumbling{Size: 5 * time.Second, Grace: grace})
	counts("hopping", in, processors.Hopping{Size: 6 * time.Second, Advance: 2 * time.Second, Grace: grace, Emit: processors.OnClose})
	counts("sliding", in, processors.Sliding{Difference: 3 * time.Second, Grace: grace})
	counts("sessions", in, processors.Session{Gap: time.Second, Grace: grace})
	counts("closed-sessions", in, processors.Session{Gap: time.Second, Grace: grace, Emit: processors.OnClose})
	counts("every", in, processors.Tumbling{Size: 5 * time.Second, Grace: grace, Every: 3 * time.Second, Emit: processors.OnClose})
	topology.To(processors.Suppress(tumbling, "final", grace), app+"-final")
	page := func(_, page string) string { return page }
	topology.To(processors.Dedup(in, "once", page, codecs.String, 10*time.Second), app+"-once")
	topology.To(tallies(in), app+"-tallies")
	timely := processors.Filter(in, "timely", func(_, page string) bool { return page != late })
	counts("grouped", processors.GroupBy(timely, "pages", page, codecs.String),
		processors.Tumbling{Size: 5 * time.Second, Grace: 2 * grace, Emit: processors.OnClose})
}

// joins are the joins, and cogroup: two streams that meet in time; a stream and tables; tables.
func joins(b *topology.Builder, app string) {
	text := func(topic string) topology.Stream[string, string] {
		return topology.From(b, app+"-"+topic, codecs.String, codecs.String)
	}
	to := func(topic string, in topology.Stream[string, string]) {
		topology.To(topology.WithCodecs(in, codecs.String, codecs.String), app+"-"+topic)
	}
	words, clicks := text("words"), text("clicks")
	within := processors.JoinWindow{Before: 2 * time.Second, After: 3 * time.Second, Grace: grace}
	to("near", processors.JoinStreams(words, clicks, within, "near", both))
	to("near-left", processors.LeftJoinStreams(words, clicks, within, "near-left", rightOrNone))
	to("near-outer", processors.OuterJoinStreams(words, clicks, within, "near-outer", anyOrNone))
	longer := func(n int64, _, text string) (int64, error) { return n + int64(len(text)), nil }
	topology.To(processors.AggregateCogroup(processors.Cogroup(words, "spoken", longer), "together", codecs.Int64,
		processors.Cogroup(clicks, "clicked", longer)), app+"-together")

	prices := topology.FromTable(b, app+"-prices", "price", codecs.String, codecs.String)
	ads := topology.FromTable(b, app+"-ads", "ad", codecs.String, codecs.String)
	to("inner", processors.JoinTables(prices.Stream, ads.Stream, "inner", both))
	to("left", processors.LeftJoinTables(prices.Stream, ads.Stream, "left", rightOrNone))
	to("outer", processors.OuterJoinTables(prices.Stream, ads.Stream, "outer", anyOrNone))
	by := processors.Foreign[string, string, string, string]{Key: fruit, Result: codecs.String}
	to("offers", processors.JoinForeign(ads.Stream, prices.Stream, "offer", by, both))
	to("left-offers", processors.LeftJoinForeign(ads.Stream, prices.Stream, "left-offer", by, rightOrNone))

	orders, regions := text("orders"), processors.GlobalTable(b, app+"-regions", codecs.String, codecs.String)
	to("priced", processors.JoinTable(orders, prices, "priced", both))
	to("placed", processors.JoinGlobal(orders, regions, "placed", func(_, order string) string {
		_, region, _ := strings.Cut(order, " ")
		return region
	}, both))
}

// fruit is what the first word of an ad refers to, if it is not "free".
func fruit(_, ad string) (string, bool) {
	word, _, _ := strings.Cut(ad, " ")
	return word, word != "free"
}

func both(_, l, r string) string { return l + "+" + r }

func rightOrNone(k, l string, r *string) string { return anyOrNone(k, &l, r) }

func anyOrNone(_ string, l, r *string) string {
	text := func(side *string) string {
		if side == nil {
			return "none"
		}
		return *side
	}
	return text(l) + "+" + text(r)
}
