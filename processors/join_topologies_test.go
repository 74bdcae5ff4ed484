package processors_test

import (
	"maps"
	"strings"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

func init() { maps.Copy(topologies, shaping) }

// shaping are the topologies of the operators that keep nothing and of ToTable.
var shaping = map[string]func(b *topology.Builder){
	"filternot": func(b *topology.Builder) {
		topology.To(processors.FilterNot(orders(b), "small", above(10)), "small")
	},
	"peek": func(b *topology.Builder) {
		topology.To(processors.Peek(orders(b), "look", func(rec *topology.Record[string, int64]) {}), "seen")
	},
	"flatmap": func(b *topology.Builder) {
		letters := processors.FlatMap(words(b), "letters", func(user, text string, emit func(string, string)) {
			for _, word := range strings.Fields(text) {
				emit(word, user)
			}
		})
		topology.To(processors.Count(topology.WithCodecs(letters, codecs.String, codecs.String), "words-of"), "counts")
	},
	"flatmapvalues": func(b *topology.Builder) {
		split := processors.FlatMapValues(words(b), "split", func(text string, emit func(string)) {
			for _, word := range strings.Fields(text) {
				emit(word)
			}
		})
		topology.To(topology.WithCodecs(split, codecs.String, codecs.String), "split")
	},
	"branch": func(b *topology.Builder) {
		branches := processors.Branch(orders(b), "size",
			processors.Case[string, int64]{Name: "huge", If: above(100)},
			processors.Case[string, int64]{Name: "big", If: above(10)},
			processors.Case[string, int64]{Name: "rest"})
		topology.To(branches["huge"], "huge")
		topology.To(branches["big"], "big")
		topology.To(topology.Merge("again", branches["rest"], branches["huge"]), "merged")
	},
	"branch-of-table": func(b *topology.Builder) {
		branches := processors.Branch(prices(b).Stream, "size",
			processors.Case[string, string]{Name: "long", If: func(_, v string) bool { return len(v) > 3 }},
			processors.Case[string, string]{Name: "short"})
		topology.To(branches["long"], "long")
		topology.To(branches["short"], "short")
	},
	"bad-branch": func(b *topology.Builder) {
		in := orders(b)
		processors.Branch(in, "none")
		processors.Branch(in, "first", processors.Case[string, int64]{Name: "all"}, processors.Case[string, int64]{Name: "big", If: above(10)})
		processors.Branch(in, "twice", processors.Case[string, int64]{Name: "big", If: above(10)}, processors.Case[string, int64]{Name: "big", If: above(1)})
	},
	"totable": func(b *topology.Builder) {
		latest := processors.ToTable(words(b), "latest")
		topology.To(processors.ToStream(latest), "updates")
	},
	"totable-moved": func(b *topology.Builder) {
		byText := processors.SelectKey(words(b), "by-text", func(_, text string) string { return text })
		latest := processors.ToTable(topology.WithCodecs(byText, codecs.String, codecs.String), "latest")
		topology.To(latest.Stream, "updates")
	},
	"table": func(b *topology.Builder) {
		loud := processors.MapValues(prices(b).Stream, "loud", strings.ToUpper)
		kept := processors.ToTable(topology.WithCodecs(loud, codecs.String, codecs.String), "kept")
		topology.To(kept.Stream, "updates")
		topology.To(processors.Count(kept.Stream, "changes"), "changes")
	},
}

// prices is a table of text, kept in the topic it is read from.
func prices(b *topology.Builder) topology.Table[string, string] {
	return topology.FromTable(b, "prices", "price", codecs.String, codecs.String)
}
