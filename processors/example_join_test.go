package processors_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

func ExampleJoinTable() {
	var b topology.Builder
	clicks := topology.From(&b, "clicks", codecs.String, codecs.String)
	users := topology.FromTable(&b, "users", "user", codecs.String, codecs.String)
	enriched := processors.JoinTable(clicks, users, "enriched", func(_, page, country string) string {
		return page + " from " + country
	})
	topology.To(topology.WithCodecs(enriched, codecs.String, codecs.String), "enriched")

	playAll(&b, "clicks ann home", "users ann DE", "clicks ann cart")
	// Output: enriched ann cart from DE
}

func ExampleLeftJoinTable() {
	var b topology.Builder
	clicks := topology.From(&b, "clicks", codecs.String, codecs.String)
	users := topology.FromTable(&b, "users", "user", codecs.String, codecs.String)
	enriched := processors.LeftJoinTable(clicks, users, "enriched", func(_, page string, country *string) string {
		if country == nil {
			return page + " from somewhere"
		}
		return page + " from " + *country
	})
	topology.To(topology.WithCodecs(enriched, codecs.String, codecs.String), "enriched")

	playAll(&b, "clicks ann home", "users ann DE", "clicks ann cart")
	// Output:
	// enriched ann home from somewhere
	// enriched ann cart from DE
}

func ExampleJoinTables() {
	var b topology.Builder
	names := topology.FromTable(&b, "names", "name", codecs.String, codecs.String)
	prices := topology.FromTable(&b, "prices", "price", codecs.String, codecs.String)
	offers := processors.JoinTables(names.Stream, prices.Stream, "offer", func(_, name, price string) string {
		return name + " for " + price
	})
	topology.To(topology.WithCodecs(offers, codecs.String, codecs.String), "offers")

	playAll(&b, "names 7 pear", "prices 7 3EUR", "prices 7 4EUR")
	// Output:
	// offers 7 pear for 3EUR
	// offers 7 pear for 4EUR
}

func ExampleLeftJoinTables() {
	var b topology.Builder
	names := topology.FromTable(&b, "names", "name", codecs.String, codecs.String)
	prices := topology.FromTable(&b, "prices", "price", codecs.String, codecs.String)
	offers := processors.LeftJoinTables(names.Stream, prices.Stream, "offer", func(_, name string, price *string) string {
		if price == nil {
			return name + " on request"
		}
		return name + " for " + *price
	})
	topology.To(topology.WithCodecs(offers, codecs.String, codecs.String), "offers")

	playAll(&b, "names 7 pear", "prices 7 3EUR")
	// Output:
	// offers 7 pear on request
	// offers 7 pear for 3EUR
}

func ExampleOuterJoinTables() {
	var b topology.Builder
	stock := topology.FromTable(&b, "stock", "stocked", codecs.String, codecs.String)
	sales := topology.FromTable(&b, "sales", "sold", codecs.String, codecs.String)
	text := func(side *string) string {
		if side == nil {
			return "none"
		}
		return *side
	}
	all := processors.OuterJoinTables(stock.Stream, sales.Stream, "balance", func(_ string, stocked, sold *string) string {
		return text(stocked) + " in stock, " + text(sold) + " sold"
	})
	topology.To(topology.WithCodecs(all, codecs.String, codecs.String), "balance")

	playAll(&b, "sales pear 2", "stock pear 9")
	// Output:
	// balance pear none in stock, 2 sold
	// balance pear 9 in stock, 2 sold
}

func ExampleJoinStreams() {
	var b topology.Builder
	views := topology.From(&b, "views", codecs.String, codecs.String)
	clicks := topology.From(&b, "clicks", codecs.String, codecs.String)
	// A click belongs to the views of its user in the 10 s before it.
	clicked := processors.JoinStreams(views, clicks, processors.JoinWindow{After: 10 * time.Second}, "clicked",
		func(_, ad, link string) string { return ad + " led to " + link })
	topology.To(topology.WithCodecs(clicked, codecs.String, codecs.String), "clicked")

	playAll(&b, "views ann shoes", "clicks ann shop", "clicks bob shop")
	// Output: clicked ann shoes led to shop
}

func ExampleLeftJoinStreams() {
	var b topology.Builder
	views := topology.From(&b, "views", codecs.String, codecs.String)
	clicks := topology.From(&b, "clicks", codecs.String, codecs.String)
	led := processors.LeftJoinStreams(views, clicks, processors.JoinWindow{After: time.Second}, "led",
		func(_, ad string, link *string) string {
			if link == nil {
				return ad + " led nowhere"
			}
			return ad + " led to " + *link
		})
	topology.To(topology.WithCodecs(led, codecs.String, codecs.String), "led")

	// The first view is forwarded alone once both streams have passed the end of its window.
	playAll(&b, "views ann shoes", "views bob hats", "clicks bob shop", "views cid hats", "views cid hats")
	// Output:
	// led bob hats led to shop
	// led ann shoes led nowhere
}

func ExampleOuterJoinStreams() {
	var b topology.Builder
	asked := topology.From(&b, "asked", codecs.String, codecs.String)
	answered := topology.From(&b, "answered", codecs.String, codecs.String)
	text := func(side *string) string {
		if side == nil {
			return "nothing"
		}
		return *side
	}
	calls := processors.OuterJoinStreams(asked, answered, processors.JoinWindow{Before: time.Second, After: time.Second}, "calls",
		func(_ string, question, answer *string) string { return text(question) + " -> " + text(answer) })
	topology.To(topology.WithCodecs(calls, codecs.String, codecs.String), "calls")

	playAll(&b, "answered 1 yes", "asked 2 when", "answered 2 now", "asked 3 who", "answered 4 me")
	// Output:
	// calls 2 when -> now
	// calls 1 nothing -> yes
}

func ExampleJoinGlobal() {
	var b topology.Builder
	visits := topology.From(&b, "visits", codecs.String, codecs.String) // user -> country
	countries := processors.GlobalTable(&b, "countries", codecs.String, codecs.String)
	byCountry := func(_, country string) string { return country }
	placed := processors.JoinGlobal(visits, countries, "placed", byCountry, func(_, _, continent string) string { return continent })
	topology.To(topology.WithCodecs(placed, codecs.String, codecs.String), "placed")

	playAll(&b, "countries DE Europe", "visits ann DE", "visits bob XY")
	// Output: placed ann Europe
}

func ExampleLeftJoinGlobal() {
	var b topology.Builder
	visits := topology.From(&b, "visits", codecs.String, codecs.String) // user -> country
	countries := processors.GlobalTable(&b, "countries", codecs.String, codecs.String)
	byCountry := func(_, country string) string { return country }
	placed := processors.LeftJoinGlobal(visits, countries, "placed", byCountry, func(_, country string, continent *string) string {
		if continent == nil {
			return country
		}
		return *continent
	})
	topology.To(topology.WithCodecs(placed, codecs.String, codecs.String), "placed")

	playAll(&b, "countries DE Europe", "visits ann DE", "visits bob XY")
	// Output:
	// placed ann Europe
	// placed bob XY
}

func ExampleJoinForeign() {
	var b topology.Builder
	carts := topology.FromTable(&b, "carts", "cart", codecs.String, codecs.String) // user -> item
	items := topology.FromTable(&b, "items", "item", codecs.String, codecs.String) // item -> price
	by := processors.Foreign[string, string, string, string]{
		Key:    func(_, item string) (string, bool) { return item, item != "" },
		Result: codecs.String,
	}
	priced := processors.JoinForeign(carts.Stream, items.Stream, "priced", by, func(_, item, price string) string {
		return item + " for " + price
	})
	topology.To(priced, "priced")

	playAll(&b, "items pear 3EUR", "carts ann pear", "carts bob pear", "items pear 4EUR")
	// Output:
	// priced ann pear for 3EUR
	// priced bob pear for 3EUR
	// priced ann pear for 4EUR
	// priced bob pear for 4EUR
}

func ExampleLeftJoinForeign() {
	var b topology.Builder
	carts := topology.FromTable(&b, "carts", "cart", codecs.String, codecs.String) // user -> item
	items := topology.FromTable(&b, "items", "item", codecs.String, codecs.String) // item -> price
	by := processors.Foreign[string, string, string, string]{
		Key:    func(_, item string) (string, bool) { return item, true },
		Result: codecs.String,
	}
	priced := processors.LeftJoinForeign(carts.Stream, items.Stream, "priced", by, func(_, item string, price *string) string {
		if price == nil {
			return item + " on request"
		}
		return item + " for " + *price
	})
	topology.To(priced, "priced")

	playAll(&b, "carts ann pear", "items pear 3EUR")
	// Output:
	// priced ann pear on request
	// priced ann pear for 3EUR
}

func ExampleDedup() {
	var b topology.Builder
	payments := topology.From(&b, "payments", codecs.String, codecs.String) // user -> id of the payment
	id := func(_, id string) string { return id }
	once := processors.Dedup(payments, "once", id, codecs.String, time.Hour)
	topology.To(once, "once")

	playAll(&b, "payments ann p1", "payments ann p2", "payments ann p1")
	// Output:
	// once ann p1
	// once ann p2
}

// playAll runs a topology on records "TOPIC KEY VALUE", a second after another, and prints what
// comes of each.
func playAll(b *topology.Builder, records ...string) {
	for i, record := range records {
		records[i] = strings.Replace(record, " ", " "+strconv.Itoa(i)+" ", 1)
	}
	playTimed(b, records...)
}

// playTimed runs a topology on records "TOPIC SECOND KEY VALUE" and prints what comes of each.
func playTimed(b *topology.Builder, records ...string) {
	topo, err := b.Build("app")
	if err != nil {
		panic(err)
	}
	d := topologytest.New(nil, topo, topologytest.Config{})
	o := observer{d: d, seen: map[string]int{}}
	for _, record := range records {
		f := strings.SplitN(record, " ", 4)
		second, _ := strconv.ParseInt(f[1], 10, 64)
		d.PipeAt(f[0], start+second*1000, []byte(f[2]), encode(f[0], f[3]))
		d.Run()
		o.look(topo)
	}
	fmt.Print(o.text.String())
}
