package processors_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/topologytest"
)

// nearModel joins words and clicks within near, record by record.
type nearModel struct {
	words, clicks bool // whose records are forwarded alone
	tasks         map[int32]*meeting
}

// meeting is what one task knows.
type meeting struct {
	greatest map[string]int64 // event time by topic
	now      int64            // stream time
	open     []*waiter
	late     int
}

type waiter struct {
	arrival
	paired bool
}

func newNearModel(words, clicks bool) nearModel {
	return nearModel{words, clicks, map[int32]*meeting{}}
}

// spanOf is how far the partners of a record lie before and behind it.
func spanOf(topic string) (behind, ahead int64) {
	behind, ahead = near.Before.Milliseconds(), near.After.Milliseconds()
	if topic == "clicks" {
		return ahead, behind
	}
	return behind, ahead
}

// closed says whether a record finds no partners any more.
func (m *meeting) closed(a arrival) bool {
	_, ahead := spanOf(a.topic)
	return a.at+ahead+near.Grace.Milliseconds() < m.now
}

func pairOf(a, b arrival) string {
	if a.topic == "clicks" {
		a, b = b, a
	}
	return a.key + " " + a.value + "+" + b.value + "@" + clock(max(a.at, b.at))
}

func aloneOf(a arrival) string {
	other := arrival{topic: "clicks", value: none, at: math.MinInt64}
	if a.topic == "clicks" {
		other.topic, other.key = "words", a.key
	}
	return pairOf(a, other)
}

func (m nearModel) take(task int32, a arrival) (results []string) {
	t := m.tasks[task]
	if t == nil {
		t = &meeting{greatest: map[string]int64{"words": math.MinInt64, "clicks": math.MinInt64}, now: math.MinInt64}
		m.tasks[task] = t
	}
	t.greatest[a.topic] = max(t.greatest[a.topic], a.at)
	t.now = min(t.greatest["words"], t.greatest["clicks"])
	results = m.close(t)
	if t.closed(a) {
		t.late++
		return results
	}
	me := &waiter{arrival: a}
	behind, ahead := spanOf(a.topic)
	for _, w := range t.open {
		if w.topic == a.topic || w.key != a.key || w.at < a.at-behind || w.at > a.at+ahead {
			continue
		}
		w.paired, me.paired = true, true
		results = append(results, pairOf(a, w.arrival))
	}
	t.open = append(t.open, me)
	return results
}

// close takes the records out whose windows have closed.
func (m nearModel) close(t *meeting) (results []string) {
	t.open = slices.DeleteFunc(t.open, func(w *waiter) bool {
		if !t.closed(w.arrival) {
			return false
		}
		if !w.paired && (w.topic == "words" && m.words || w.topic == "clicks" && m.clicks) {
			results = append(results, aloneOf(w.arrival))
		}
		return true
	})
	return results
}

var nearKinds = map[string]func() nearModel{
	"join-streams":       func() nearModel { return newNearModel(false, false) },
	"left-join-streams":  func() nearModel { return newNearModel(true, false) },
	"outer-join-streams": func() nearModel { return newNearModel(true, true) },
}

// Whatever comes late, out of order and again: each pair comes once, and each record that found no
// partner once, when the model says so.
func TestJoinStreamsAgainstAModel(t *testing.T) {
	for name, kind := range nearKinds {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := kind()
				d, want := againstModel(t, name, m, "words", "clicks")
				slices.Sort(want)
				require.Equal(t, want, outputsOf(d, "near"))
				late, open := 0, 0
				for _, task := range m.tasks {
					late, open = late+task.late, open+len(task.open)
				}
				require.Equal(t, late, len(d.Records("app.late")))
				if open == 0 {
					require.Empty(t, d.Rows("near"), "what is closed is gone")
				}
			})
		})
	}
}

// batchJoin is the join of two sets of records, without any order.
func batchJoin(all []arrival, m nearModel) (results []string) {
	for _, a := range all {
		paired := false
		behind, ahead := spanOf(a.topic)
		for _, b := range all {
			if a.topic == b.topic || a.key != b.key || b.at < a.at-behind || b.at > a.at+ahead {
				continue
			}
			if paired = true; a.topic == "words" {
				results = append(results, pairOf(a, b))
			}
		}
		if !paired && (a.topic == "words" && m.words || a.topic == "clicks" && m.clicks) {
			results = append(results, aloneOf(a))
		}
	}
	return results
}

// Where no record is later than the grace, the results are the join of the sets, in whatever order
// their records came.
func TestJoinStreamsIsTheJoinOfTheSets(t *testing.T) {
	for name, kind := range nearKinds {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d, all := shuffled(t, name, near.Grace, "words", "clicks") // all is quiet: every window is closed
				want := batchJoin(all, kind())
				slices.Sort(want)
				require.Equal(t, want, outputsOf(d, "near"))
				require.Empty(t, d.Records("app.late"))
				require.Empty(t, d.Rows("near"))
			})
		})
	}
}

// A key with many records in one window has its rows cut into pieces.
func TestJoinStreamsOfAKeyWithManyRecords(t *testing.T) {
	d := topologytest.New(t, built(t, "outer-join-streams"), topologytest.Config{})
	value := make([]byte, 100)
	for i := range value {
		value[i] = 'x'
	}
	const n = 200
	for i := range int64(n) {
		d.PipeAt("words", d.Wall()+i, []byte("ann"), value)
	}
	d.Run()
	rows := d.Rows("near")
	require.Greater(t, len(rows), n*len(value)/(8<<10), "rows are cut")
	for _, row := range rows {
		require.Less(t, len(row), 8<<10)
	}
	d.Restart()
	d.PipeAt("clicks", d.Wall(), []byte("ann"), []byte("c"))
	d.Run()
	require.Len(t, d.Records("near"), n)
	d.Advance(time.Minute)
	require.Len(t, d.Records("near"), n, "all had a partner")
	require.Empty(t, d.Rows("near"))
}

// A row that does not parse is no fault of the record: the step fails, and nothing is put aside.
func TestRowsOfJoinsOfAnotherLayoutStopTheStep(t *testing.T) {
	for name, c := range map[string]struct{ topic, changelog string }{
		"join-tables": {"prices", "app-pairs-changelog"}, "join-streams": {"words", "app-near-changelog"},
	} {
		d := topologytest.New(nil, built(t, name), topologytest.Config{})
		d.PipeAt(c.topic, start, []byte("ann"), []byte("v"))
		d.Run()
		d.PipeAt(c.changelog, start, d.Records(c.changelog)[0].Key, []byte("\x09 another layout"))
		d.Wipe()
		d.PipeAt(c.topic, start, []byte("ann"), []byte("w"))
		require.Panics(t, d.Run, name)
		require.Empty(t, d.Records("app.dlq"))
	}
}
