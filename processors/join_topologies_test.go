package processors_test

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

func init() {
	maps.Copy(topologies, shaping)
	maps.Copy(topologies, joins)
}

// shaping are the topologies of the operators that keep nothing and of ToTable.
var shaping = map[string]func(b *topology.Builder){
	"filternot": func(b *topology.Builder) {
		topology.To(processors.FilterNot(orders(b), "small", above(10)), "small")
	},
	"peek": func(b *topology.Builder) {
		shown := "nothing" // by the look at the record that is being processed
		seen := processors.Peek(orders(b), "look", func(rec *topology.Record[string, int64]) {
			shown = fmt.Sprintf("%s %d at %s", rec.Key, rec.Value, clock(rec.Time))
		})
		topology.To(seen, "seen")
		told := processors.MapValues(seen, "tell", func(int64) string {
			text := shown
			shown = "nothing"
			return text
		})
		topology.To(topology.WithCodecs(told, codecs.String, codecs.String), "shown")
	},
	"merge": func(b *topology.Builder) {
		all := topology.Merge("all", words(b), clicks(b), topology.From(b, "posts", codecs.String, codecs.String))
		topology.To(all, "merged")
		topology.To(processors.Count(all, "counts"), "counts")
	},
	"repartition": func(b *topology.Builder) {
		byItem := processors.Map(words(b), "by-item", func(user, text string) (string, string) {
			item, number, _ := strings.Cut(text, " ")
			return item, user + number
		})
		moved := topology.Repartition(topology.WithCodecs(byItem, codecs.String, codecs.String), "items")
		topology.To(moved, "moved")
		topology.To(processors.Reduce(moved, "buyers", func(all, one string) string { return all + "+" + one }), "buyers")
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

// joins are the topologies of joins.
var joins = map[string]func(b *topology.Builder){
	"join-table": func(b *topology.Builder) {
		topology.To(stamped(processors.JoinTable(words(b), prices(b), "priced", both)), "priced")
	},
	"left-join-table": func(b *topology.Builder) {
		topology.To(stamped(processors.LeftJoinTable(words(b), prices(b), "priced", rightOrNone)), "priced")
	},
	"join-table-moved": func(b *topology.Builder) {
		byText := processors.SelectKey(words(b), "by-text", func(_, text string) string { return text })
		joined := processors.JoinTable(topology.WithCodecs(byText, codecs.String, codecs.String), prices(b), "priced", both)
		topology.To(stamped(joined), "priced")
	},
	"join-tables":        tables(processors.JoinTables[string, string, string, string], both),
	"left-join-tables":   tables(processors.LeftJoinTables[string, string, string, string], rightOrNone),
	"outer-join-tables":  tables(processors.OuterJoinTables[string, string, string, string], anyOrNone),
	"join-streams":       streams(processors.JoinStreams[string, string, string, string], both),
	"left-join-streams":  streams(processors.LeftJoinStreams[string, string, string, string], rightOrNone),
	"outer-join-streams": streams(processors.OuterJoinStreams[string, string, string, string], anyOrNone),
	"join-streams-moved": func(b *topology.Builder) {
		byText := topology.WithCodecs(processors.SelectKey(words(b), "by-text", func(_, text string) string { return text }), codecs.String, codecs.String)
		joined := processors.LeftJoinStreams(byText, clicks(b), processors.JoinWindow{After: 5 * time.Second}, "near", rightOrNone)
		topology.To(stamped(joined), "near")
	},
	"join-itself": func(b *topology.Builder) {
		in := words(b)
		topology.To(stamped(processors.JoinStreams(in, in, processors.JoinWindow{After: 5 * time.Second}, "pairs", both)), "pairs")
	},
	"join-global": func(b *topology.Builder) {
		regions := processors.GlobalTable(b, "regions", codecs.String, codecs.String)
		topology.To(stamped(processors.JoinGlobal(words(b), regions, "placed", value, both)), "placed")
	},
	"left-join-global": func(b *topology.Builder) {
		regions := processors.GlobalTable(b, "regions", codecs.String, codecs.String)
		topology.To(stamped(processors.LeftJoinGlobal(words(b), regions, "placed", value, rightOrNone)), "placed")
	},
	"dedup": func(b *topology.Builder) {
		topology.To(stamped(processors.Dedup(words(b), "once", value, codecs.String, within)), "once")
	},
	"bad-dedup": func(b *topology.Builder) {
		processors.Dedup(words(b), "once", value, nil, time.Microsecond)
	},
	"join-foreign":      foreign(processors.JoinForeign[string, string, string, string, string], both),
	"left-join-foreign": foreign(processors.LeftJoinForeign[string, string, string, string, string], rightOrNone),
	"bad-join-window": func(b *topology.Builder) {
		processors.JoinStreams(words(b), clicks(b), processors.JoinWindow{Before: -time.Second, After: time.Microsecond}, "near", both)
	},
	"join-aggregates": func(b *topology.Builder) {
		in := orders(b)
		joined := processors.JoinTables(processors.Count(in, "count"), processors.Reduce(in, "sum", sum), "mean",
			func(_ string, n, sum int64) string { return fmt.Sprintf("%d/%d", sum, n) })
		topology.To(stamped(joined), "means")
	},
	"not-co-partitioned": func(b *topology.Builder) {
		texts := topology.From(b, "texts", codecs.JSON[string](), codecs.String)
		processors.JoinTable(texts, prices(b), "priced", both)
		moved := topology.WithCodecs(processors.SelectKey(words(b), "by-text", func(_, text string) string { return text }), codecs.String, codecs.String)
		topology.Join(moved, texts, "low", topology.Needs{}, func(topology.Forward[string, string]) (none topology.Sides[string, string, string]) { return none })
	},
	"join-without-codecs": func(b *topology.Builder) {
		bare := processors.Map(words(b), "bare", func(k, v string) (string, string) { return k, v })
		processors.JoinTable(bare, prices(b), "priced", both)
		processors.JoinTables(bare, words(&topology.Builder{}), "pairs", both)
	},
}

// tables joins two tables that are kept in their topics.
func tables[F any](join func(l, r topology.Stream[string, string], name string, f F) topology.Stream[string, string], f F) func(b *topology.Builder) {
	return func(b *topology.Builder) {
		ads := topology.FromTable(b, "ads", "ad", codecs.String, codecs.String)
		topology.To(stamped(join(prices(b).Stream, ads.Stream, "pairs", f)), "pairs")
	}
}

// foreign joins ads with the price that the first word of their text refers to, if it is not "free".
func foreign[F any](join func(l, r topology.Stream[string, string], name string, by processors.Foreign[string, string, string, string], f F) topology.Stream[string, string], f F) func(b *topology.Builder) {
	return func(b *topology.Builder) {
		ads := topology.FromTable(b, "ads", "ad", codecs.String, codecs.String)
		by := processors.Foreign[string, string, string, string]{Key: fruit, Result: codecs.String}
		topology.To(stamped(join(ads.Stream, prices(b).Stream, "offer", by, f)), "offers")
	}
}

func fruit(_, text string) (string, bool) {
	word, _, _ := strings.Cut(text, " ")
	return word, word != "free"
}

// near is the window of streams.
var near = processors.JoinWindow{Before: 5 * time.Second, After: 10 * time.Second, Grace: 4 * time.Second}

// streams joins two streams within a window.
func streams[F any](join func(l, r topology.Stream[string, string], within processors.JoinWindow, name string, f F) topology.Stream[string, string], f F) func(b *topology.Builder) {
	return func(b *topology.Builder) {
		topology.To(stamped(join(words(b), clicks(b), near, "near", f)), "near")
	}
}

func clicks(b *topology.Builder) topology.Stream[string, string] {
	return topology.From(b, "clicks", codecs.String, codecs.String)
}

// within is the time of Dedup.
const within = 10 * time.Second

func value(_, v string) string { return v }

func both(_, l, r string) string { return l + "+" + r }

func rightOrNone(k, l string, r *string) string { return anyOrNone(k, &l, r) }

func anyOrNone(_ string, l, r *string) string {
	text := func(side *string) string {
		if side == nil {
			return none
		}
		return *side
	}
	return text(l) + "+" + text(r)
}

// stamped writes the time and the headers of each record behind its value.
func stamped(in topology.Stream[string, string]) topology.Stream[string, string] {
	out := topology.Process(in, "stamped", topology.Needs{}, func(out topology.Forward[string, string]) topology.Processor[string, string] {
		return stamp{out}
	})
	return topology.KeepKeys(topology.WithCodecs(out, codecs.String, codecs.String))
}

type stamp struct {
	out topology.Forward[string, string]
}

func (stamp) Init(topology.Context) error { return nil }

func (s stamp) Process(rec *topology.Record[string, string]) error {
	next := *rec
	if !rec.Tombstone {
		next.Value += "@" + clock(rec.Time)
		for _, h := range rec.Headers {
			next.Value += " " + h.Key + "=" + string(h.Value)
		}
	}
	return s.out(&next)
}

// prices is a table of text, kept in the topic it is read from.
func prices(b *topology.Builder) topology.Table[string, string] {
	return topology.FromTable(b, "prices", "price", codecs.String, codecs.String)
}
