package processors_test

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

// topologies are what the stories run, by name.
var topologies = map[string]func(b *topology.Builder){
	"filter": func(b *topology.Builder) {
		topology.To(processors.Filter(orders(b), "big", above(10)), "big")
	},
	"map": func(b *topology.Builder) {
		swapped := processors.Map(words(b), "swap", func(k, v string) (string, string) { return v, k })
		topology.To(topology.WithCodecs(swapped, codecs.String, codecs.String), "swapped")
	},
	"map-count": func(b *topology.Builder) {
		swapped := processors.Map(words(b), "swap", func(k, v string) (string, string) { return v, k })
		topology.To(processors.Count(topology.WithCodecs(swapped, codecs.String, codecs.String), "senders"), "senders")
	},
	"mapvalues": func(b *topology.Builder) {
		loud := processors.MapValues(words(b), "loud", strings.ToUpper)
		topology.To(topology.WithCodecs(loud, codecs.String, codecs.String), "loud")
	},
	"trymapvalues": func(b *topology.Builder) {
		parsed := processors.TryMapValues(words(b), "parse", strconv.Atoi)
		text := processors.MapValues(parsed, "double", func(n int) string { return strconv.Itoa(2 * n) })
		topology.To(topology.WithCodecs(text, codecs.String, codecs.String), "doubled")
	},
	"selectkey": func(b *topology.Builder) {
		countries := processors.SelectKey(words(b), "by-country", func(_, country string) string { return country })
		topology.To(topology.WithCodecs(countries, codecs.String, codecs.String), "moved")
	},
	"groupby": func(b *topology.Builder) {
		countries := processors.GroupBy(words(b), "by-country", func(_, country string) string { return country }, codecs.String)
		topology.To(processors.Count(countries, "units"), "units")
	},
	"groupbykey": func(b *topology.Builder) {
		moved := processors.SelectKey(orders(b), "parity", func(_ string, n int64) string { return []string{"even", "odd"}[n&1] })
		together := processors.GroupByKey(topology.WithCodecs(moved, codecs.String, codecs.Int64), "parities")
		topology.To(processors.Count(together, "counts"), "counts")
		topology.To(processors.Reduce(together, "sums", sum), "sums")
	},
	"keyed": func(b *topology.Builder) {
		topology.To(processors.Count(processors.GroupByKey(orders(b), "unused"), "counts"), "counts")
	},
	"count": func(b *topology.Builder) {
		topology.To(processors.Count(processors.Filter(orders(b), "big", above(10)), "big-orders"), "counts")
	},
	"reduce": func(b *topology.Builder) {
		topology.To(processors.Reduce(orders(b), "greatest", func(a, b int64) int64 { return max(a, b) }), "greatest")
	},
	"aggregate": func(b *topology.Builder) {
		topology.To(processors.Aggregate(words(b), "baskets", codecs.JSON[basket](), basket.add), "baskets")
	},
	"chain": func(b *topology.Builder) {
		sums := processors.Reduce(orders(b), "sums", sum)
		topology.To(processors.Reduce(sums, "latest", func(_, b int64) int64 { return b }), "latest")
		checked := processors.TryMapValues(sums, "check", small)
		topology.To(topology.WithCodecs(checked, codecs.String, codecs.Int64), "small")
	},
	"window":         windowed(processors.Tumbling{Size: 5 * time.Second, Grace: 10 * time.Second}),
	"window-close":   windowed(processors.Tumbling{Size: 5 * time.Second, Grace: 10 * time.Second, Emit: processors.OnClose}),
	"window-both":    windowed(processors.Tumbling{Size: 5 * time.Second, Grace: 10 * time.Second, Emit: processors.OnUpdate | processors.OnClose}),
	"window-every":   windowed(processors.Tumbling{Size: 5 * time.Second, Grace: 10 * time.Second, Every: 4 * time.Second}),
	"window-mix":     windowed(processors.Tumbling{Size: 5 * time.Second, Grace: 10 * time.Second, Every: 4 * time.Second, Emit: processors.OnUpdate | processors.OnClose}),
	"hopping":        windowed(processors.Hopping{Size: 6 * time.Second, Advance: 2 * time.Second, Grace: time.Second}),
	"hopping-uneven": windowed(processors.Hopping{Size: 5 * time.Second, Advance: 3 * time.Second, Grace: 4 * time.Second, Emit: processors.OnClose}),
	"hopping-every":  windowed(processors.Hopping{Size: 4 * time.Second, Advance: 2 * time.Second, Every: 3 * time.Second}),
	"hopping-aggregate": func(b *topology.Builder) {
		hops := processors.Window(words(b), processors.Hopping{Size: 4 * time.Second, Advance: 2 * time.Second, Emit: processors.OnClose})
		topology.To(processors.AggregateMerging(hops, "baskets", codecs.JSON[basket](), basket.add, basket.merge), "baskets")
	},
	"hopping-reduce": func(b *topology.Builder) {
		hops := processors.Window(words(b), processors.Hopping{Size: 4 * time.Second, Advance: 2 * time.Second, Emit: processors.OnClose})
		topology.To(processors.ReduceWindows(hops, "sentences", func(a, b string) string { return a + " " + b }), "sentences")
	},
	"session":       windowed(processors.Session{Gap: 5 * time.Second, Grace: 2 * time.Second}),
	"session-close": windowed(processors.Session{Gap: 5 * time.Second, Grace: 2 * time.Second, Emit: processors.OnClose}),
	"session-every": windowed(processors.Session{Gap: 5 * time.Second, Grace: 20 * time.Second, Every: 10 * time.Second}),
	"session-latest": func(b *topology.Builder) {
		byItem := processors.SelectKey(words(b), "by-item", func(_, item string) string { return item })
		sessions := processors.Window(topology.WithCodecs(byItem, codecs.String, codecs.String), processors.Session{Gap: 5 * time.Second, Grace: 5 * time.Second})
		counts := processors.CountWindows(sessions, "sessions")
		doubled := processors.MapValues(counts, "doubled", func(n int64) int64 { return 2 * n })
		key, _ := topology.Codecs(counts)
		topology.To(topology.WithCodecs(doubled, key, codecs.Int64), "doubled")
	},
	"session-reduce": func(b *topology.Builder) {
		sessions := processors.Window(words(b), processors.Session{Gap: 5 * time.Second, Grace: 5 * time.Second, Emit: processors.OnClose})
		topology.To(processors.ReduceWindows(sessions, "sentences", func(a, b string) string { return a + " " + b }), "sentences")
	},
	"session-aggregate": func(b *topology.Builder) {
		sessions := processors.Window(words(b), processors.Session{Gap: 5 * time.Second})
		topology.To(processors.AggregateMerging(sessions, "baskets", codecs.JSON[basket](), basket.add, basket.merge), "baskets")
	},
	"suppress": func(b *topology.Builder) {
		counts := processors.CountWindows(processors.Window(orders(b), processors.Tumbling{Size: 5 * time.Second, Grace: 2 * time.Second}), "panes")
		topology.To(processors.Suppress(counts, "held", 2*time.Second), "final")
	},
	"suppress-table": func(b *topology.Builder) {
		counts := processors.CountWindows(processors.Window(orders(b), processors.Tumbling{Size: 5 * time.Second, Grace: 20 * time.Second}), "panes")
		latest := processors.Reduce(counts, "latest", func(_, n int64) int64 { return n })
		topology.To(processors.Suppress(topology.WithCodecs(latest, windowedKeys, codecs.Int64), "held", 5*time.Second), "final")
	},
	"suppress-session": func(b *topology.Builder) {
		counts := processors.CountWindows(processors.Window(orders(b), processors.Session{Gap: 5 * time.Second}), "panes")
		topology.To(processors.Suppress(counts, "held", 5*time.Second), "final")
	},
	"suppress-moved": func(b *topology.Builder) {
		counts := processors.CountWindows(processors.Window(orders(b), processors.Tumbling{Size: 5 * time.Second}), "panes")
		all := processors.SelectKey(counts, "everyone", func(w processors.Windowed[string], _ int64) processors.Windowed[string] {
			w.Key = "all"
			return w
		})
		total := topology.WithCodecs(all, windowedKeys, codecs.Int64)
		topology.To(processors.Suppress(processors.Reduce(total, "greatest", func(a, b int64) int64 { return max(a, b) }), "held", 0), "final")
	},
	"sliding":       windowed(processors.Sliding{Difference: 5 * time.Second, Grace: 10 * time.Second}),
	"sliding-close": windowed(processors.Sliding{Difference: 5 * time.Second, Grace: 10 * time.Second, Emit: processors.OnClose}),
	"sliding-every": windowed(processors.Sliding{Difference: 5 * time.Second, Grace: 2 * time.Second, Every: 10 * time.Second}),
	"sliding-reduce": func(b *topology.Builder) {
		words := processors.Window(words(b), processors.Sliding{Difference: 5 * time.Second, Grace: time.Minute})
		topology.To(processors.ReduceWindows(words, "sentences", func(a, b string) string { return a + " " + b }), "sentences")
	},
	"cogroup": func(b *topology.Builder) {
		bought, spent := cogrouped(b)
		topology.To(processors.AggregateCogroup(bought, "customers", codecs.JSON[customer](), spent), "customers")
	},
	"cogroup-moved": func(b *topology.Builder) {
		byItem := processors.SelectKey(words(b), "by-item", func(_, item string) string { return item })
		bought := processors.Cogroup(topology.WithCodecs(byItem, codecs.String, codecs.String), "bought", customer.buy)
		spent := processors.Cogroup(orders(b), "spent", customer.pay)
		topology.To(processors.AggregateCogroup(bought, "items", codecs.JSON[customer](), spent), "items")
	},
	"cogroup-window": func(b *topology.Builder) {
		bought, spent := cogrouped(b)
		all := processors.Window(topology.Merge("all", bought, spent), processors.Tumbling{Size: 5 * time.Second, Emit: processors.OnClose})
		topology.To(processors.AggregateWindows(all, "customers", codecs.JSON[customer](), func(c customer, _ string, add processors.Addition[customer]) (customer, error) {
			return add(c)
		}), "customers")
	},
	"cogroup-no-codec": func(b *topology.Builder) {
		bought := processors.Cogroup(topology.WithCodecs(words(b), nil, codecs.String), "bought", customer.buy)
		processors.AggregateCogroup(bought, "customers", codecs.JSON[customer]())
	},
	"window-no-grace": windowed(processors.Tumbling{Size: time.Minute}),
	"window-grouped": func(b *topology.Builder) {
		byCountry := processors.SelectKey(words(b), "by-country", func(_, country string) string { return country })
		panes := processors.Window(topology.WithCodecs(byCountry, codecs.String, codecs.String), processors.Tumbling{Size: 5 * time.Second, Grace: 5 * time.Second, Emit: processors.OnClose})
		topology.To(processors.CountWindows(panes, "units"), "units")
	},
	"window-reduce": func(b *topology.Builder) {
		panes := processors.Window(orders(b), processors.Tumbling{Size: 5 * time.Second})
		topology.To(processors.ReduceWindows(panes, "greatest", func(a, b int64) int64 { return max(a, b) }), "greatest")
	},
	"window-aggregate": func(b *topology.Builder) {
		panes := processors.Window(words(b), processors.Tumbling{Size: 5 * time.Second})
		topology.To(processors.AggregateWindows(panes, "baskets", codecs.JSON[basket](), basket.add), "baskets")
	},
	"window-of-updates": func(b *topology.Builder) {
		panes := processors.Window(processors.Reduce(orders(b), "sums", sum), processors.Tumbling{Size: 5 * time.Second})
		topology.To(processors.ReduceWindows(panes, "latest", func(_, b int64) int64 { return b }), "latest")
	},
	"bad-suppress": func(b *topology.Builder) {
		counts := processors.CountWindows(processors.Window(orders(b), processors.Tumbling{Size: time.Second}), "counts")
		processors.Suppress(counts, "hasty", -time.Second)
		processors.Suppress(topology.WithCodecs(counts, codecs.Codec[processors.Windowed[string]](codecs.JSON[processors.Windowed[string]]()), codecs.Int64), "unordered", 0)
	},
	"windows-of-windows": func(b *topology.Builder) {
		seconds := processors.CountWindows(processors.Window(orders(b), processors.Tumbling{Size: time.Second, Grace: 2 * time.Second, Emit: processors.OnClose}), "seconds")
		all := processors.SelectKey(seconds, "everyone", func(processors.Windowed[string], int64) string { return "all" })
		minutes := processors.Window(topology.WithCodecs(all, codecs.String, codecs.Int64), processors.Tumbling{Size: time.Minute, Emit: processors.OnClose})
		topology.To(processors.ReduceWindows(minutes, "minutes", sum), "minutes")
	},
	"no-key-codec": func(b *topology.Builder) {
		processors.Count(processors.Map(orders(b), "swap", func(k string, v int64) (int64, string) { return v, k }), "counts")
	},
	"no-value-codec": func(b *topology.Builder) {
		halves := processors.MapValues(orders(b), "halve", func(v int64) float64 { return float64(v) / 2 })
		processors.Reduce(halves, "sums", func(a, b float64) float64 { return a + b })
	},
	"no-result-codec": func(b *topology.Builder) {
		processors.Aggregate(orders(b), "baskets", nil, func(n int, _ string, _ int64) (int, error) { return n, nil })
	},
	"bad-windows": func(b *topology.Builder) {
		in := orders(b)
		processors.CountWindows(processors.Window(in, processors.Tumbling{}), "none")
		processors.CountWindows(processors.Window(in, processors.Tumbling{Size: 1500 * time.Microsecond}), "odd")
		processors.CountWindows(processors.Window(in, processors.Tumbling{Size: time.Second, Grace: -1}), "hasty")
		processors.CountWindows(processors.Window(in, processors.Tumbling{Size: time.Second, Emit: 8}), "mute")
		processors.CountWindows(processors.Window(in, processors.Tumbling{Size: time.Second, Every: -1}), "never")
		processors.CountWindows(processors.Window(in, processors.Hopping{Size: time.Second}), "standing")
		processors.CountWindows(processors.Window(in, processors.Hopping{Size: time.Second, Advance: time.Minute}), "gaps")
		processors.CountWindows(processors.Window(in, processors.Sliding{Grace: time.Second}), "still")
		processors.CountWindows(processors.Window(in, processors.Session{Grace: time.Second}), "restless")
		hops := processors.Window(in, processors.Hopping{Size: time.Minute, Advance: time.Second})
		processors.AggregateWindows(hops, "parts", codecs.Int64, func(n int64, _ string, _ int64) (int64, error) { return n, nil })
	},
	"same-name": func(b *topology.Builder) {
		in := orders(b)
		processors.Count(in, "counts")
		processors.Reduce(in, "counts", sum)
	},
}

func orders(b *topology.Builder) topology.Stream[string, int64] {
	return topology.From(b, "orders", codecs.String, codecs.Int64)
}

func words(b *topology.Builder) topology.Stream[string, string] {
	return topology.From(b, "words", codecs.String, codecs.String)
}

func above(least int64) func(string, int64) bool {
	return func(_ string, amount int64) bool { return amount > least }
}

func sum(a, b int64) int64 { return a + b }

func small(n int64) (int64, error) {
	if n > 100 {
		return 0, errors.New("more than 100")
	}
	return n, nil
}

func windowed(by processors.WindowedBy) func(b *topology.Builder) {
	return func(b *topology.Builder) {
		topology.To(processors.CountWindows(processors.Window(orders(b), by), "panes"), "counts")
	}
}

// suppressed is windowed with the final results besides.
func suppressed(by processors.WindowedBy, grace time.Duration) func(b *topology.Builder) {
	return func(b *topology.Builder) {
		counts := processors.CountWindows(processors.Window(orders(b), by), "panes")
		topology.To(counts, "counts")
		topology.To(processors.Suppress(counts, "held", grace), "final")
	}
}

// basket is an aggregate of its own type: what was bought, and how often.
type basket struct {
	Items map[string]int `json:"items"`
}

func (b basket) add(_ string, item string) (basket, error) {
	if item == "unsold" {
		return b, errors.New("not for sale")
	}
	next := basket{Items: maps.Clone(b.Items)}
	if next.Items == nil {
		next.Items = map[string]int{}
	}
	next.Items[item]++
	return next, nil
}

func (b basket) merge(other basket) basket {
	merged := basket{Items: map[string]int{}}
	for _, part := range []basket{b, other} {
		for item, n := range part.Items {
			merged.Items[item] += n
		}
	}
	return merged
}

// customer is an aggregate of two streams.
type customer struct {
	Items []string `json:"items"`
	Spent int64    `json:"spent"`
}

func (c customer) buy(_, item string) (customer, error) {
	if item == "unsold" {
		return c, errors.New("not for sale")
	}
	c.Items = append(slices.Clone(c.Items), item)
	return c, nil
}

func (c customer) pay(_ string, amount int64) (customer, error) {
	c.Spent += amount
	return c, nil
}

func cogrouped(b *topology.Builder) (bought, spent topology.Stream[string, processors.Addition[customer]]) {
	return processors.Cogroup(words(b), "bought", customer.buy), processors.Cogroup(orders(b), "spent", customer.pay)
}

func build(name string) (*topology.Topology, error) {
	var b topology.Builder
	topologies[name](&b)
	return b.Build("app")
}

func built(t *testing.T, name string) *topology.Topology {
	require.Contains(t, slices.Collect(maps.Keys(topologies)), name)
	topo, err := build(name)
	require.NoError(t, err)
	return topo
}
