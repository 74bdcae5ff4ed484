package processors_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// program declares one version of a program, with a store "kept".
type program func(b *topology.Builder)

func (p program) build(t *testing.T) *topology.Topology {
	t.Helper()
	var b topology.Builder
	p(&b)
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

func totals(b *topology.Builder) { processors.Count(orders(b), "kept") }

func windows(by processors.WindowedBy) program {
	return func(b *topology.Builder) { processors.CountWindows(processors.Window(orders(b), by), "kept") }
}

func distinct(within time.Duration) program {
	return func(b *topology.Builder) {
		processors.Dedup(orders(b), "kept", func(key string, _ int64) string { return key }, codecs.String, within)
	}
}

func meetings(within processors.JoinWindow) program {
	return func(b *topology.Builder) {
		processors.JoinStreams(orders(b), words(b), within, "kept", func(string, int64, string) string { return "" })
	}
}

func leftMeetings(within processors.JoinWindow) program {
	return func(b *topology.Builder) {
		processors.LeftJoinStreams(orders(b), words(b), within, "kept", func(string, int64, *string) string { return "" })
	}
}

func around(d time.Duration) processors.JoinWindow { return processors.JoinWindow{Before: d, After: d} }

// changes are programs that follow each other with a store of one name.
var changes = map[string]struct {
	from, to program
	parts    []string // of the refusal; none where the change is safe
}{
	"a count becomes windows": {totals, windows(processors.Tumbling{Size: time.Minute}),
		[]string{"they are results by key (keys string, values int64)", "has results by windows of 1m0s (keys string, values int64)"}},
	"windows become a count": {windows(processors.Session{Gap: time.Minute}), totals, []string{"they are sessions by key"}},
	"windows of another size": {windows(processors.Tumbling{Size: time.Minute}), windows(processors.Tumbling{Size: 2 * time.Minute}),
		[]string{"results by windows of 1m0s", "results by windows of 2m0s"}},
	"tumbling windows hop, with the same panes": {windows(processors.Tumbling{Size: time.Minute}), windows(processors.Hopping{Size: 2 * time.Minute, Advance: time.Minute}),
		[]string{"results by panes, for windows of 2m0s every 1m0s"}},
	"sliding windows of another difference": {windows(processors.Sliding{Difference: time.Minute}), windows(processors.Sliding{Difference: time.Hour}),
		[]string{"sliding windows of 1m0s", "sliding windows of 1h0m0s"}},
	"a dedup over more time":     {distinct(time.Hour), distinct(2 * time.Hour), []string{"ids by stretches of 1h0m0s", "ids by stretches of 2h0m0s"}},
	"a join of another window":   {meetings(around(time.Hour)), meetings(around(2 * time.Hour)), []string{"by stretches of 2h0m0s", "by stretches of 4h0m0s"}},
	"an inner join becomes left": {meetings(around(time.Hour)), leftMeetings(around(time.Hour)), []string{"an inner join", "a left join"}},
	"text becomes a number": {func(b *topology.Builder) { processors.ToTable(words(b), "kept") }, func(b *topology.Builder) { processors.ToTable(orders(b), "kept") },
		[]string{"values by key (keys string, values string)", "values by key (keys string, values int64)"}},
	"a table that is read from its topic": {
		func(b *topology.Builder) { topology.FromTable(b, "prices", "kept", codecs.String, codecs.String) },
		func(b *topology.Builder) { topology.FromTable(b, "prices", "kept", codecs.String, codecs.Int64) },
		[]string{"values string", "values int64"}},

	"more grace, and Every":  {windows(processors.Tumbling{Size: time.Minute}), windows(processors.Tumbling{Size: time.Minute, Grace: time.Hour, Every: time.Second}), nil},
	"a gap":                  {windows(processors.Session{Gap: time.Minute}), windows(processors.Session{Gap: time.Hour}), nil},
	"a join with more grace": {meetings(around(time.Hour)), meetings(processors.JoinWindow{Before: time.Hour, After: time.Hour, Grace: time.Hour}), nil},
	"a count becomes a sum":  {totals, func(b *topology.Builder) { processors.Reduce(orders(b), "kept", sum) }, nil},
	"a history": {
		func(b *topology.Builder) { processors.ToVersionedTable(orders(b), "kept", time.Hour) },
		func(b *topology.Builder) { processors.ToVersionedTable(orders(b), "kept", 2*time.Hour) }, nil},
	"a codec that may be any": {
		func(b *topology.Builder) { processors.ToTable(words(b), "kept") },
		func(b *topology.Builder) {
			processors.ToTable(topology.From(b, "words", codecs.String, codecs.Bytes), "kept")
		}, nil},
}

// A store that another version of a program would misread is refused, at the start and by its name, and not after. What
// may change goes on.
func TestAStoreIsNeverReadAsWhatItIsNot(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			d := topologytest.New(nil, change.from.build(t), topologytest.Config{})
			pipe := func() {
				for topic, value := range map[string][]byte{"orders": encode("orders", "1"), "words": []byte("text"), "prices": []byte("text")} {
					_ = failure(func() { d.PipeAt(topic, start, []byte("a"), value) }) // the program may not read it
				}
				d.Run()
			}
			pipe()
			for _, wipe := range []func(){func() {}, d.Wipe} {
				wipe()
				text := failure(func() { d.Deploy(change.to.build(t)) })
				if change.parts == nil {
					require.Empty(t, text)
					pipe()
					continue
				}
				for _, part := range append(change.parts, `task 0_0: store "kept" has rows of another layout`, "another name", "abacus topics reset") {
					require.Contains(t, text, part)
				}
				require.Empty(t, failure(func() { d.Deploy(change.from.build(t)) }), "the old program goes on")
				pipe()
			}
		})
	}
}
