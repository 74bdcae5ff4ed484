package processors_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

func ExampleCount() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	big := processors.Filter(orders, "big", func(_ string, amount int64) bool { return amount > 10 })
	counts := processors.Count(big, "big-orders")
	topology.To(counts, "counts")

	play(&b, "orders", "ann 5", "ann 20", "bob 30", "ann 40")
	// Output:
	// counts ann 1
	// counts bob 1
	// counts ann 2
}

func ExampleReduce() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	largest := processors.Reduce(orders, "largest", func(a, b int64) int64 { return max(a, b) })
	topology.To(largest, "largest")

	play(&b, "orders", "ann 5", "ann 20", "ann 7")
	// Output:
	// largest ann 5
	// largest ann 20
}

func ExampleAggregate() {
	type average struct{ N, Sum int64 }
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	averages := processors.Aggregate(orders, "averages", codecs.JSON[average](), func(a average, _ string, amount int64) (average, error) {
		if amount < 0 {
			return a, errors.New("a negative order")
		}
		return average{a.N + 1, a.Sum + amount}, nil
	})
	topology.To(averages, "averages")

	play(&b, "orders", "ann 5", "ann 20", "ann -7")
	// Output:
	// averages ann {"N":1,"Sum":5}
	// averages ann {"N":2,"Sum":25}
	// dlq ann -7 failed: node "averages": a negative order from orders/0/2
}

func ExampleCogroup() {
	type customer struct {
		Orders, Words int64
	}
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	words := topology.From(&b, "words", codecs.String, codecs.String)
	bought := processors.Cogroup(orders, "bought", func(c customer, _ string, _ int64) (customer, error) {
		c.Orders++
		return c, nil
	})
	said := processors.Cogroup(words, "said", func(c customer, _ string, text string) (customer, error) {
		c.Words += int64(len(strings.Fields(text)))
		return c, nil
	})
	customers := processors.AggregateCogroup(bought, "customers", codecs.JSON[customer](), said)
	topology.To(customers, "customers")

	play(&b, "", "orders ann 5", "words ann where is it", "words bob hello")
	// Output:
	// customers ann {"Orders":1,"Words":0}
	// customers ann {"Orders":1,"Words":3}
	// customers bob {"Orders":0,"Words":1}
}

func ExampleWindow() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	windows := processors.Window(orders, processors.Tumbling{Size: 2 * time.Second, Grace: time.Second, Emit: processors.OnClose})
	topology.To(processors.CountWindows(windows, "per-two-seconds"), "counts")

	play(&b, "orders", "ann 1", "bob 1", "ann 1", "ann 1") // one a second
	// Output:
	// counts ann@[00:00,00:02) 1
	// counts bob@[00:00,00:02) 1
}

// What has changed is told at each commit, at each multiple of Every, when its window closes, or by a mix of them, in
// which closing tells once more what was told before.
func ExampleEmit() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	tell := func(name string, every time.Duration, emit processors.Emit) {
		windows := processors.Window(orders, processors.Tumbling{Size: 3 * time.Second, Every: every, Emit: emit})
		topology.To(processors.CountWindows(windows, name), name)
	}
	tell("update", 0, processors.OnUpdate)
	tell("every", 2*time.Second, 0)
	tell("close", 0, processors.OnClose)
	tell("update-close", 0, processors.OnUpdate|processors.OnClose)
	tell("every-close", 2*time.Second, processors.OnClose)

	play(&b, "orders", "ann 1", "ann 1", "bob 1", "cem 1") // one a second
	// Output:
	// update ann@[00:00,00:03) 1
	// update-close ann@[00:00,00:03) 1
	// update ann@[00:00,00:03) 2
	// update-close ann@[00:00,00:03) 2
	// update bob@[00:00,00:03) 1
	// every ann@[00:00,00:03) 2
	// update-close bob@[00:00,00:03) 1
	// every-close ann@[00:00,00:03) 2
	// update cem@[00:03,00:06) 1
	// every bob@[00:00,00:03) 1
	// close ann@[00:00,00:03) 2
	// close bob@[00:00,00:03) 1
	// update-close ann@[00:00,00:03) 2
	// update-close bob@[00:00,00:03) 1
	// update-close cem@[00:03,00:06) 1
	// every-close ann@[00:00,00:03) 2
	// every-close bob@[00:00,00:03) 1
}

func ExampleHopping() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	hops := processors.Hopping{Size: 4 * time.Second, Advance: 2 * time.Second, Emit: processors.OnClose}
	topology.To(processors.CountWindows(processors.Window(orders, hops), "per-four-seconds"), "counts")

	play(&b, "orders", "ann 1", "ann 1", "ann 1", "bob 1", "bob 1", "bob 1", "bob 1") // one a second
	// Output:
	// counts ann@[00:-2,00:02) 2
	// counts ann@[00:00,00:04) 3
	// counts bob@[00:00,00:04) 1
	// counts ann@[00:02,00:06) 1
	// counts bob@[00:02,00:06) 3
}

func ExampleSliding() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	sliding := processors.Sliding{Difference: 2 * time.Second, Emit: processors.OnClose}
	topology.To(processors.CountWindows(processors.Window(orders, sliding), "rates"), "rates")

	play(&b, "orders", "ann 1", "ann 1", "bob 1", "bob 1", "bob 1", "bob 1") // one a second
	// Output:
	// rates ann@[00:-2,00:00.001) 1
	// rates ann@[00:-1,00:01.001) 2
	// rates ann@[00:00.001,00:02.002) 1
	// rates bob@[00:00,00:02.001) 1
	// rates bob@[00:01,00:03.001) 2
	// rates bob@[00:02,00:04.001) 3
	// rates bob@[00:02.001,00:04.002) 2
}

func ExampleSession() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	sessions := processors.Window(orders, processors.Session{Gap: 2 * time.Second})
	topology.To(processors.CountWindows(sessions, "visits"), "visits")

	play(&b, "orders", "ann 1", "bob 1", "ann 1", "bob 1", "bob 1", "ann 1") // one a second
	// Output:
	// visits ann@[00:00,00:00.001) 1
	// visits bob@[00:01,00:01.001) 1
	// visits ann@[00:00,00:00.001) deleted
	// visits ann@[00:00,00:02.001) 2
	// visits bob@[00:01,00:01.001) deleted
	// visits bob@[00:01,00:03.001) 2
	// visits bob@[00:01,00:03.001) deleted
	// visits bob@[00:01,00:04.001) 3
	// visits ann@[00:05,00:05.001) 1
}

func ExampleSuppress() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	counts := processors.CountWindows(processors.Window(orders, processors.Tumbling{Size: 2 * time.Second}), "counts")
	topology.To(processors.Suppress(counts, "final", 0), "final")

	play(&b, "orders", "ann 1", "ann 1", "ann 1", "ann 1", "ann 1") // one a second
	// Output:
	// final ann@[00:00,00:02) 2
	// final ann@[00:02,00:04) 2
}

func ExampleAggregateMerging() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	hops := processors.Hopping{Size: 2 * time.Second, Advance: time.Second, Emit: processors.OnClose}
	add := func(m [2]int64, _ string, amount int64) ([2]int64, error) {
		return [2]int64{m[0] + 1, m[1] + amount}, nil
	}
	merge := func(a, b [2]int64) [2]int64 { return [2]int64{a[0] + b[0], a[1] + b[1]} }
	means := processors.AggregateMerging(processors.Window(orders, hops), "means", codecs.JSON[[2]int64](), add, merge)
	topology.To(means, "means")

	play(&b, "orders", "ann 5", "ann 20", "ann 1")
	// Output:
	// means ann@[00:-1,00:01) [1,5]
	// means ann@[00:00,00:02) [2,25]
}

func ExampleCountWindows() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	seconds := processors.Window(orders, processors.Tumbling{Size: 2 * time.Second})
	topology.To(processors.CountWindows(seconds, "counts"), "counts")

	play(&b, "orders", "ann 1", "ann 1", "ann 1")
	// Output:
	// counts ann@[00:00,00:02) 1
	// counts ann@[00:00,00:02) 2
	// counts ann@[00:02,00:04) 1
}

func ExampleReduceWindows() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	minutes := processors.Window(orders, processors.Tumbling{Size: time.Minute})
	topology.To(processors.ReduceWindows(minutes, "revenue", func(sum, amount int64) int64 { return sum + amount }), "revenue")

	play(&b, "orders", "ann 5", "ann 20")
	// Output:
	// revenue ann@[00:00,01:00) 5
	// revenue ann@[00:00,01:00) 25
}

func ExampleAggregateWindows() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	minutes := processors.Window(orders, processors.Tumbling{Size: time.Minute})
	mean := func(m [2]int64, _ string, amount int64) ([2]int64, error) {
		return [2]int64{m[0] + 1, m[1] + amount}, nil
	}
	topology.To(processors.AggregateWindows(minutes, "means", codecs.JSON[[2]int64](), mean), "means")

	play(&b, "orders", "ann 5", "ann 20")
	// Output:
	// means ann@[00:00,01:00) [1,5]
	// means ann@[00:00,01:00) [2,25]
}

func ExampleWindowedCodec() {
	codec := processors.WindowedCodec[string]{Key: codecs.String}
	data, _ := codec.Encode(processors.Windowed[string]{Key: "ann", Start: 0, End: 60000})
	key, _ := codec.Decode(data)
	fmt.Printf("%x %v\n", data, key)
	// Output: 018000000000000000800000000000ea60616e6e {ann 0 60000}
}
