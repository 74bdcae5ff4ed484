package processors_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

func ExampleMap() {
	var b topology.Builder
	lines := topology.From(&b, "lines", codecs.String, codecs.String)
	pairs := processors.Map(lines, "split", func(_, line string) (string, string) {
		key, value, _ := strings.Cut(line, "=")
		return key, value
	})
	topology.To(topology.WithCodecs(pairs, codecs.String, codecs.String), "settings")

	play(&b, "lines", "file colour=red", "file size=7")
	// Output:
	// settings colour red
	// settings size 7
}

func ExampleMapValues() {
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	loud := processors.MapValues(words, "loud", strings.ToUpper)
	topology.To(topology.WithCodecs(loud, codecs.String, codecs.String), "loud")

	play(&b, "words", "ann hello")
	// Output: loud ann HELLO
}

func ExampleTryMapValues() {
	var b topology.Builder
	texts := topology.From(&b, "texts", codecs.String, codecs.String)
	numbers := processors.TryMapValues(texts, "parse", func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
	topology.To(topology.WithCodecs(numbers, codecs.String, codecs.Int64), "numbers")

	play(&b, "texts", "ann 7", "bob seven")
	// Output:
	// numbers ann 7
	// dlq bob seven failed: node "parse": strconv.ParseInt: parsing "seven": invalid syntax from texts/0/1
}

func ExampleFilter() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	big := processors.Filter(orders, "big", func(_ string, amount int64) bool { return amount > 10 })
	topology.To(big, "big")

	play(&b, "orders", "ann 5", "bob 20")
	// Output: big bob 20
}

func ExampleSelectKey() {
	var b topology.Builder
	visits := topology.From(&b, "visits", codecs.String, codecs.String) // user -> country
	byCountry := processors.SelectKey(visits, "by-country", func(_, country string) string { return country })
	// Count brings the visits of one country together.
	counts := processors.Count(topology.WithCodecs(byCountry, codecs.String, codecs.String), "visits-of-country")
	topology.To(counts, "counts")

	play(&b, "visits", "ann DE", "bob DE")
	// Output:
	// counts DE 1
	// counts DE 2
}

func ExampleGroupBy() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	bySize := processors.GroupBy(orders, "by-size", func(_ string, amount int64) string {
		return strconv.Itoa(len(strconv.FormatInt(amount, 10))) + " digits"
	}, codecs.String)
	topology.To(processors.Count(bySize, "sizes"), "sizes")

	play(&b, "orders", "ann 5", "bob 7", "ann 20")
	// Output:
	// sizes 1 digits 1
	// sizes 1 digits 2
	// sizes 2 digits 1
}

func ExampleGroupByKey() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	all := processors.SelectKey(orders, "all", func(string, int64) string { return "all" })
	// Both aggregates read one repartition topic.
	together := processors.GroupByKey(topology.WithCodecs(all, codecs.String, codecs.Int64), "together")
	topology.To(processors.Count(together, "number"), "number")
	topology.To(processors.Reduce(together, "amount", func(sum, amount int64) int64 { return sum + amount }), "amount")

	play(&b, "orders", "ann 5", "bob 20")
	// Output:
	// number all 1
	// amount all 5
	// number all 2
	// amount all 25
}

// play runs a topology on records "KEY VALUE" of a topic, or "TOPIC KEY VALUE" where it is empty, and
// prints what comes of each.
func play(b *topology.Builder, topic string, records ...string) {
	topo, err := b.Build("app")
	if err != nil {
		panic(err)
	}
	d := topologytest.New(nil, topo, topologytest.Config{})
	o := observer{d: d, seen: map[string]int{}}
	for i, record := range records {
		topic := topic
		if topic == "" {
			topic, record, _ = strings.Cut(record, " ")
		}
		key, value, _ := strings.Cut(record, " ")
		d.PipeAt(topic, start+int64(i)*1000, []byte(key), encode(topic, value))
		d.Run()
		o.look(topo)
	}
	fmt.Print(o.text.String())
}
