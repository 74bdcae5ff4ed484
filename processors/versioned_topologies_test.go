package processors_test

import (
	"maps"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

func init() { maps.Copy(topologies, versioned) }

// history is how long versioned tables keep versions, asOfGrace how long joins wait for them.
const history, asOfGrace = 20 * time.Second, 5 * time.Second

// versioned are the topologies of versioned tables.
var versioned = map[string]func(b *topology.Builder){
	"versioned": func(b *topology.Builder) {
		topology.To(stamped(pastPrices(b, "prices", "price").Stream), "newest")
	},
	"versioned-moved": func(b *topology.Builder) {
		byText := processors.SelectKey(words(b), "by-text", func(_, text string) string { return text })
		topology.To(stamped(processors.ToVersionedTable(topology.WithCodecs(byText, codecs.String, codecs.String), "price", history).Stream), "newest")
	},
	"join-versioned": func(b *topology.Builder) {
		topology.To(stamped(processors.JoinTable(words(b), pastPrices(b, "prices", "price"), "priced", both)), "priced")
	},
	"left-join-versioned": func(b *topology.Builder) {
		topology.To(stamped(processors.LeftJoinTable(words(b), pastPrices(b, "prices", "price"), "priced", rightOrNone)), "priced")
	},
	"join-as-of": func(b *topology.Builder) {
		topology.To(stamped(processors.JoinTableAsOf(words(b), pastPrices(b, "prices", "price"), asOfGrace, "priced", both)), "priced")
	},
	"left-join-as-of": func(b *topology.Builder) {
		topology.To(stamped(processors.LeftJoinTableAsOf(words(b), pastPrices(b, "prices", "price"), asOfGrace, "priced", rightOrNone)), "priced")
	},
	"join-as-of-moved": func(b *topology.Builder) {
		byText := topology.WithCodecs(processors.SelectKey(words(b), "by-text", func(_, text string) string { return text }), codecs.String, codecs.String)
		topology.To(stamped(processors.JoinTableAsOf(byText, pastPrices(b, "prices", "price"), asOfGrace, "priced", both)), "priced")
	},
	"join-tables-versioned": func(b *topology.Builder) {
		prices, ads := pastPrices(b, "prices", "price"), pastPrices(b, "ads", "ad")
		topology.To(stamped(processors.JoinTables(prices.Stream, ads.Stream, "pairs", both)), "pairs")
	},
	"expiring": func(b *topology.Builder) {
		topology.To(stamped(passingPrices(b).Stream), "updates")
	},
	"join-expiring": func(b *topology.Builder) {
		topology.To(stamped(processors.LeftJoinTable(words(b), passingPrices(b), "priced", rightOrNone)), "priced")
	},
	"join-tables-expiring": func(b *topology.Builder) {
		ads := topology.FromTable(b, "ads", "ad", codecs.String, codecs.String)
		topology.To(stamped(processors.JoinTables(passingPrices(b).Stream, ads.Stream, "pairs", both)), "pairs")
	},
	"bad-expiry": func(b *topology.Builder) { processors.ToExpiringTable(words(b), "fleeting", time.Microsecond) },
	"bad-versions": func(b *topology.Builder) {
		in := words(b)
		processors.ToVersionedTable(in, "forgetful", 0)
		table := pastPrices(b, "prices", "price")
		processors.JoinTableAsOf(in, table, history, "patient", both)
		processors.JoinTableAsOf(in, table, -time.Second, "hasty", both)
		processors.JoinTableAsOf(in, processors.ToTable(in, "present"), time.Second, "blind", both)
	},
}

// lifetime is how long rows of expiring tables live.
const lifetime = 10 * time.Second

func passingPrices(b *topology.Builder) topology.Table[string, string] {
	return processors.ToExpiringTable(topology.FromUpdates(b, "prices", codecs.String, codecs.String, nil), "price", lifetime)
}

// pastPrices is a versioned table of text.
func pastPrices(b *topology.Builder, topic, name string) topology.Table[string, string] {
	return processors.ToVersionedTable(topology.FromUpdates(b, topic, codecs.String, codecs.String, nil), name, history)
}
