package topology_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

type stream = topology.Stream[string, string]

func from(b *topology.Builder, topic string) stream {
	return topology.From(b, topic, codecs.String, codecs.String)
}

// pass is a processor that forwards.
type pass struct {
	out topology.Forward[string, string]
}

func (pass) Init(topology.Context) error                          { return nil }
func (p pass) Process(rec *topology.Record[string, string]) error { return p.out(rec) }

func through(in stream, name string, needs topology.Needs) stream {
	out := topology.Process(in, name, needs, func(out topology.Forward[string, string]) topology.Processor[string, string] { return pass{out} })
	return topology.WithCodecs(out, codecs.String, codecs.String)
}

func store(name string) topology.Needs {
	return topology.Needs{Stores: []topology.Store{{Name: name}}}
}

func TestBuildErrorsNameTheNode(t *testing.T) {
	app := strings.Repeat("a", 120) // so long that a long store has no room for its changelog
	for _, c := range []struct {
		name  string
		build func(b *topology.Builder)
		want  []string
	}{
		{"nothing", func(*topology.Builder) {}, []string{`app "` + app + `": no source`}},
		{"bad name", func(b *topology.Builder) { through(from(b, "in"), "a b", topology.Needs{}) }, []string{`node "a b": a name has 1 to 120 of`}},
		{"no name", func(b *topology.Builder) { through(from(b, "in"), "", store("rows")) }, []string{`node "": a name has 1 to 120 of`}},
		{"store without a name", func(b *topology.Builder) { through(from(b, "in"), "one", store("")) }, []string{`node "one": store "": a name has`}},
		{"repartition without a name", func(b *topology.Builder) { topology.Repartition(from(b, "in"), "") }, []string{`repartition "": a name has 1 to 120 of`}},
		{"changelog with a name too long", func(b *topology.Builder) {
			through(from(b, "in"), "one", store(strings.Repeat("s", 120)))
		}, []string{`is too long for a topic`}},
		{"taken name", func(b *topology.Builder) {
			in := from(b, "in")
			through(through(in, "same", topology.Needs{}), "same", topology.Needs{})
		}, []string{`node "same": the name is taken`}},
		{"source twice", func(b *topology.Builder) { from(b, "in"); from(b, "in") }, []string{`node "in": the name is taken`}},
		{"source without codec", func(b *topology.Builder) { topology.From[string, string](b, "in", codecs.String, nil) }, []string{`source "in": needs a codec`}},
		{"sink without codec", func(b *topology.Builder) {
			topology.To(topology.WithCodecs(from(b, "in"), nil, nil), "out")
		}, []string{`sink "out": the stream has no codec`}},
		{"repartition without codec", func(b *topology.Builder) {
			topology.Repartition(topology.WithCodecs(from(b, "in"), codecs.Codec[string](codecs.String), nil), "moved")
		}, []string{`sink "moved": the stream has no codec`, `source "moved-repartition": needs a codec`}},
		{"store twice in a sub-topology", func(b *topology.Builder) {
			through(through(from(b, "in"), "one", store("rows")), "two", store("rows"))
		}, []string{`node "two": store "rows" is the name of a store of node "one"`}},
		{"store twice in two sub-topologies", func(b *topology.Builder) {
			through(from(b, "in"), "one", store("rows"))
			through(from(b, "other"), "two", store("rows"))
		}, []string{`node "two": store "rows" is the name of a store of node "one"`}},
		{"store named as a task store", func(b *topology.Builder) {
			through(from(b, "in"), "one", store("rows"))
			through(from(b, "other"), "two", store("rows-task"))
		}, []string{`node "two": store "rows-task" is the name of a store of node "in"`}},
		{"bad store name", func(b *topology.Builder) { through(from(b, "in"), "one", store("rows/1")) }, []string{`node "one": store "rows/1": a name has`}},
		{"sink of two sub-topologies", func(b *topology.Builder) {
			out := topology.NewSink(b, "out", codecs.String, codecs.String, nil)
			needs := topology.Needs{Sinks: []*topology.SinkNode{out.Node()}}
			through(from(b, "in"), "one", needs)
			through(from(b, "other"), "two", needs)
		}, []string{`sink "out": used by sub-topologies "in" and "other"`}},
		{"store twice in a node", func(b *topology.Builder) {
			through(from(b, "in"), "one", topology.Needs{Stores: []topology.Store{{Name: "rows"}, {Name: "rows"}}})
		}, []string{`node "one": store "rows" is declared twice`}},
		{"negative retention", func(b *topology.Builder) {
			through(from(b, "in"), "one", topology.Needs{Stores: []topology.Store{{Name: "rows", Retention: -1}}})
		}, []string{`store "rows": its Retention`}},
		{"names that are directories", func(b *topology.Builder) { through(from(b, "."), "..", store("..")) }, []string{`node "..": a name`, `store "..": a name`, `topic ".": a name has 1 to 249`}},
		{"sink twice", func(b *topology.Builder) {
			in := from(b, "in")
			topology.To(in, "out")
			topology.To(in, "out")
		}, []string{`node "out": the name is taken; a topic is written at one place: bring the streams together by topology.Merge`}},
		{"nil sink", func(b *topology.Builder) {
			through(from(b, "in"), "one", topology.Needs{Sinks: []*topology.SinkNode{nil}})
		}, []string{`node "one": a sink of its Needs is nil`}},
		{"zero sink", func(b *topology.Builder) {
			through(from(b, "in"), "one", topology.Needs{Sinks: []*topology.SinkNode{{}}})
		}, []string{`sink "": has no topic or no partitioner`}},
		{"sink into a changelog", func(b *topology.Builder) {
			topology.To(through(from(b, "in"), "one", store("rows")), app+"-rows-changelog")
		}, []string{`the topic is that of the changelog of store rows of this app`}},
		{"sink into a repartition", func(b *topology.Builder) {
			topology.To(topology.Repartition(from(b, "in"), "moved"), app+"-moved-repartition")
		}, []string{`the topic is that of a repartition of this app`}},
		{"nil processor", func(b *topology.Builder) {
			topology.Process[string, string, string, string](from(b, "in"), "one", topology.Needs{}, nil)
		}, []string{`node "one": nothing creates its processor`}},
		{"nil time", func(b *topology.Builder) { topology.FromTimed(b, "in", codecs.String, codecs.String, nil) }, []string{`source "in": FromTimed has no function of the time`}},
		{"nil interceptor", func(b *topology.Builder) {
			through(from(b, "in"), "one", topology.Needs{})
			b.Intercept("one", nil)
		}, []string{`interceptor of "one": it is nil`}},
		{"merge of two builders", func(b *topology.Builder) {
			var other topology.Builder
			topology.Merge("all", from(b, "in"), from(&other, "lost"))
		}, []string{`node "all": its streams belong to two builders`}},
		{"merge with the zero stream", func(b *topology.Builder) { topology.Merge("all", from(b, "in"), stream{}) }, []string{`node "all": stream 1 is the zero Stream`}},
		{"nulls of no source", func(b *topology.Builder) { topology.DecodeNulls(through(from(b, "in"), "one", topology.Needs{})) }, []string{`node "one": reads no topic`}},
		{"fault of an operator", func(b *topology.Builder) { from(b, "in"); b.Fault("node %q: it is odd", "mine") }, []string{`topology: node "mine": it is odd`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b topology.Builder
			c.build(&b)
			_, first := b.Build(app)
			for _, want := range c.want {
				require.ErrorContains(t, first, want)
			}
			_, again := b.Build(app)
			require.EqualError(t, again, first.Error(), "a second Build reports the same")
		})
	}
}

func TestAppNamesFollowTheRule(t *testing.T) {
	for _, app := range []string{"", "my app", "żółw"} {
		var b topology.Builder
		from(&b, "in")
		_, err := b.Build(app)
		require.ErrorContains(t, err, "app ")
	}
}

// Topics have longer names than what is made of them.
func TestALongTopicIsReadAndWritten(t *testing.T) {
	long := strings.Repeat("t", 249)
	var b topology.Builder
	through(from(&b, long), "one", topology.Needs{})
	topology.To(from(&b, long[1:]), long)
	topo, err := b.Build("app")
	require.NoError(t, err)
	require.NotEqual(t, topo.Subs[0].TaskStore(), topo.Subs[1].TaskStore())
	require.LessOrEqual(t, len(topo.Subs[0].TaskStore()), 120)
	_, err = new(topology.Builder).Build("..")
	require.ErrorContains(t, err, `app "..": a name`)
}

// The zero stream has no builder to report to: whoever gives it to an operator learns of it at once.
func TestTheZeroStreamSaysSo(t *testing.T) {
	for name, use := range map[string]func(){
		"process": func() { through(stream{}, "one", topology.Needs{}) },
		"sink":    func() { topology.To(stream{}, "one") },
		"merge":   func() { topology.Merge("one", stream{}) },
	} {
		require.PanicsWithValue(t, `topology: node "one": its stream is the zero Stream, below no source: has a branch another name, or is a variable not set?`, use, name)
	}
	require.PanicsWithValue(t, "topology: the zero Stream, below no source: has a branch another name, or is a variable not set?", func() { topology.Keyed(stream{}) })
}

// All faults are reported at once.
func TestBuildJoinsFaults(t *testing.T) {
	var b topology.Builder
	topology.To(topology.WithCodecs(through(from(&b, "in"), "?", topology.Needs{}), nil, nil), "out")
	_, err := b.Build("!")
	require.ErrorContains(t, err, `node "?"`)
	require.ErrorContains(t, err, `sink "out"`)
	require.ErrorContains(t, err, `app "!"`)
}
