package processors_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// span is a session of the model.
type span struct {
	key         string
	task        int32
	first, last int64
	n           int64
}

func (s span) name() string { return s.key + "@" + window(s.first, s.last+1) }

// sessionModel says what a count by sessions must come to, from the records alone.
type sessionModel struct {
	gap, grace int64
	stream     map[int32]int64
	open       []span
	closed     []span
	late       int
}

func (m *sessionModel) add(task int32, key string, at int64) {
	m.stream[task] = max(m.stream[task], at)
	isClosed := func(s span) bool { return s.last+m.gap+m.grace < m.stream[s.task] }
	for _, s := range m.open {
		if isClosed(s) {
			m.closed = append(m.closed, s)
		}
	}
	m.open = slices.DeleteFunc(m.open, isClosed)
	merged := span{key, task, at, at, 1}
	near := func(s span) bool { return s.key == key && s.first-m.gap <= at && at <= s.last+m.gap }
	for _, s := range m.open {
		if near(s) {
			merged = span{key, task, min(merged.first, s.first), max(merged.last, s.last), merged.n + s.n}
		}
	}
	if isClosed(merged) {
		m.late++
		return
	}
	m.open = append(slices.DeleteFunc(m.open, near), merged)
}

func spans(lists ...[]span) map[string]int64 {
	all := map[string]int64{}
	for _, list := range lists {
		for _, s := range list {
			all[s.name()] = s.n
		}
	}
	return all
}

// Whatever is thrown at it, the sessions that a topic ends with are those of the model: windows
// that sessions have outgrown are deleted, and on close alone none is ever said.
func TestSessionsAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap, grace := rapid.Int64Range(1, 7).Draw(t, "gap"), rapid.Int64Range(0, 12).Draw(t, "grace")
		emit := processors.Emit(rapid.IntRange(0, 3).Draw(t, "emit"))
		every := rapid.Int64Range(0, 9).Draw(t, "every")
		tasks := rapid.IntRange(1, 3).Draw(t, "tasks")
		var b topology.Builder
		suppressed(processors.Session{Gap: seconds(gap), Grace: seconds(grace), Emit: emit, Every: seconds(every)}, seconds(gap+grace))(&b)
		topo, err := b.Build("app")
		require.NoError(t, err)
		d := topologytest.New(nil, topo, topologytest.Config{Tasks: tasks, Workers: rapid.IntRange(1, 2).Draw(t, "workers")})
		m := sessionModel{gap: gap * 1000, grace: grace * 1000, stream: map[int32]int64{}}
		keys := []string{"ann", "bob", "cid"}
		pipe := func(key string, at int64) {
			d.PipeAt("orders", at, []byte(key), encode("orders", "1"))
			m.add(topology.PartitionOf([]byte(key), tasks), key, at)
		}
		at := start + 100_000
		for range rapid.IntRange(0, 40).Draw(t, "records") {
			at += rapid.Int64Range(-8, 10).Draw(t, "step") * 1000
			pipe(rapid.SampledFrom(keys).Draw(t, "key"), at)
			disturbAtRandom(t, d)
		}
		d.Run()
		require.Equal(t, m.late, len(d.Records("app.late")))
		if emit&processors.OnUpdate != 0 || emit == 0 && every == 0 {
			require.Equal(t, spans(m.open, m.closed), numbers(t, d, "counts"))
		}
		for _, key := range keys { // close all sessions but these
			pipe(key, at+1_000_000)
		}
		d.Run()
		require.Len(t, d.Rows("panes"), len(keys))
		got := numbers(t, d, "counts")
		for _, s := range m.open {
			delete(got, s.name())
		}
		require.Equal(t, spans(m.closed), got)
		if emit == processors.OnClose && every == 0 {
			require.Len(t, d.Records("counts"), len(m.closed), "each session once")
		}
		require.Equal(t, spans(m.closed), numbers(t, d, "final"))
		require.Len(t, d.Records("final"), len(m.closed), "each session once")
	})
}
