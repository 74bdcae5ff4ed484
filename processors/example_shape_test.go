package processors_test

import (
	"fmt"
	"strings"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

func ExampleFilterNot() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	topology.To(processors.FilterNot(orders, "paid", func(_ string, amount int64) bool { return amount == 0 }), "paid")

	play(&b, "orders", "ann 0", "bob 20")
	// Output: paid bob 20
}

func ExampleFlatMap() {
	var b topology.Builder
	posts := topology.From(&b, "posts", codecs.String, codecs.String)
	words := processors.FlatMap(posts, "words", func(user, text string, emit func(word, user string)) {
		for _, word := range strings.Fields(text) {
			emit(word, user)
		}
	})
	topology.To(topology.WithCodecs(words, codecs.String, codecs.String), "words")

	play(&b, "posts", "ann to be")
	// Output:
	// words to ann
	// words be ann
}

func ExampleFlatMapValues() {
	var b topology.Builder
	posts := topology.From(&b, "posts", codecs.String, codecs.String)
	words := processors.FlatMapValues(posts, "words", func(text string, emit func(word string)) {
		for _, word := range strings.Fields(text) {
			emit(word)
		}
	})
	topology.To(topology.WithCodecs(words, codecs.String, codecs.String), "words")

	play(&b, "posts", "ann to be")
	// Output:
	// words ann to
	// words ann be
}

func ExamplePeek() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	seen := processors.Peek(orders, "look", func(rec *topology.Record[string, int64]) {
		fmt.Println("look", rec.Key, rec.Value)
	})
	topology.To(seen, "seen")

	play(&b, "orders", "ann 5")
	// Output:
	// look ann 5
	// seen ann 5
}

func ExampleBranch() {
	var b topology.Builder
	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
	branches := processors.Branch(orders, "size",
		processors.Case[string, int64]{Name: "big", If: func(_ string, amount int64) bool { return amount > 10 }},
		processors.Case[string, int64]{Name: "small"})
	topology.To(branches["big"], "big")
	topology.To(branches["small"], "small")

	play(&b, "orders", "ann 5", "bob 20")
	// Output:
	// small ann 5
	// big bob 20
}

// Streams of the same types become one by topology.Merge.
func Example_merge() {
	var b topology.Builder
	web := topology.From(&b, "web", codecs.String, codecs.String)
	app := topology.From(&b, "app-visits", codecs.String, codecs.String)
	visits := topology.Merge("visits", web, app)
	topology.To(processors.Count(visits, "visits-of-user"), "counts")

	play(&b, "", "web ann home", "app-visits ann cart", "app-visits bob home")
	// Output:
	// counts ann 1
	// counts ann 2
	// counts bob 1
}

func ExampleToTable() {
	var b topology.Builder
	moves := topology.From(&b, "moves", codecs.String, codecs.String)
	homes := processors.ToTable(moves, "homes") // the newest home of each user
	topology.To(processors.ToStream(homes), "updates")

	play(&b, "moves", "ann Rome", "ann Oslo")
	// Output:
	// updates ann Rome
	// updates ann Oslo
}
