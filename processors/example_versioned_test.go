package processors_test

import (
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

func ExampleToVersionedTable() {
	var b topology.Builder
	prices := processors.ToVersionedTable(topology.FromUpdates(&b, "prices", codecs.String, codecs.String, nil), "price", time.Hour)
	orders := topology.From(&b, "buys", codecs.String, codecs.String)
	priced := processors.JoinTable(orders, prices, "priced", func(_, number, price string) string { return number + " for " + price })
	topology.To(topology.WithCodecs(priced, codecs.String, codecs.String), "priced")

	// The order is of 00:01 and is read after a price of 00:03.
	playTimed(&b, "prices 0 pear 3EUR", "prices 3 pear 4EUR", "buys 1 pear two")
	// Output: priced pear two for 3EUR
}

func ExampleJoinTableAsOf() {
	var b topology.Builder
	prices := processors.ToVersionedTable(topology.FromUpdates(&b, "prices", codecs.String, codecs.String, nil), "price", time.Hour)
	orders := topology.From(&b, "buys", codecs.String, codecs.String)
	priced := processors.JoinTableAsOf(orders, prices, 5*time.Second, "priced", func(_, number, price string) string { return number + " for " + price })
	topology.To(topology.WithCodecs(priced, codecs.String, codecs.String), "priced")

	// The price of 00:01 comes after the order of 00:02, which has waited for it.
	playTimed(&b, "prices 0 pear 3EUR", "buys 2 pear two", "prices 1 pear 4EUR", "prices 9 pear 5EUR", "buys 10 pear one")
	// Output: priced pear two for 4EUR
}

func ExampleLeftJoinTableAsOf() {
	var b topology.Builder
	prices := processors.ToVersionedTable(topology.FromUpdates(&b, "prices", codecs.String, codecs.String, nil), "price", time.Hour)
	orders := topology.From(&b, "buys", codecs.String, codecs.String)
	priced := processors.LeftJoinTableAsOf(orders, prices, time.Second, "priced", func(_, number string, price *string) string {
		if price == nil {
			return number + " without price"
		}
		return number + " for " + *price
	})
	topology.To(topology.WithCodecs(priced, codecs.String, codecs.String), "priced")

	playTimed(&b, "buys 2 pear two", "prices 3 pear 4EUR", "buys 4 pear one", "buys 9 fig six", "prices 9 fig 1EUR")
	// Output:
	// priced pear two without price
	// priced pear one for 4EUR
}

func ExampleToExpiringTable() {
	var b topology.Builder
	logins := topology.FromUpdates(&b, "logins", codecs.String, codecs.String, nil) // user -> device
	online := processors.ToExpiringTable(logins, "online", 30*time.Second)
	topology.To(online.Stream, "online")

	playTimed(&b, "logins 0 ann phone", "logins 10 bob laptop", "logins 20 ann tablet", "logins 45 cid phone")
	// Output:
	// online ann phone
	// online bob laptop
	// online ann tablet
	// online bob deleted
	// online cid phone
}
