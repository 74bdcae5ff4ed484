package processors_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors"
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

// still are the sessions that stream time has not passed by now.
func (m *sessionModel) still() []span {
	return slices.DeleteFunc(slices.Clone(m.open), func(s span) bool { return s.last+m.gap+m.grace < m.stream[s.task] })
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
		emit, every := drawEmit(t)
		m := &sessionModel{gap: gap * 1000, grace: grace * 1000, stream: map[int32]int64{}}
		by := processors.Session{Gap: seconds(gap), Grace: seconds(grace), Emit: emit, Every: every}
		d, closeAll := countAtRandom(t, by, gap+grace, m)
		require.Equal(t, spans(m.still()), asNumbers(t, d.Rows("panes")), "what a reader finds")
		require.Equal(t, m.late, len(d.Records("app.late")))
		if emit&processors.OnUpdate != 0 || emit == 0 && every == 0 {
			require.Equal(t, spans(m.open, m.closed), numbers(t, d, "counts"))
		}
		closeAll()
		require.Len(t, d.RawRows("panes"), len(countedKeys))
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
