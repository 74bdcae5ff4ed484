package processors_test

import (
	"fmt"
	"strings"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

// wordCount counts the words of lines, whoever wrote them: the first topology of every stream processor.
var wordCount = example{
	build: func(b *topology.Builder) {
		lines := topology.From(b, "lines", codecs.String, codecs.String)
		words := processors.FlatMapValues(lines, "split", func(line string, emit func(word string)) {
			for _, word := range strings.Fields(strings.ToLower(line)) {
				emit(word)
			}
		})
		// Words change the key, so they go through the repartition topic app-words-repartition.
		byWord := processors.GroupBy(topology.WithCodecs(words, codecs.String, codecs.String), "words", func(_, word string) string { return word }, codecs.String)
		topology.To(processors.Count(byWord, "counts"), "word-counts")
	},
	happens: `
		00:00 lines ann All streams lead to Kafka
		00:01 lines bob Hello Kafka streams`,
}

func Example_wordCount() {
	fmt.Print(wordCount.run(nil))
	// Output:
	// word-counts all 1
	// word-counts streams 1
	// word-counts lead 1
	// word-counts to 1
	// word-counts kafka 1
	// word-counts hello 1
	// word-counts kafka 2
	// word-counts streams 2
}
