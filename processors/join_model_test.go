package processors_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// arrival is a record as a batch model sees it.
type arrival struct {
	topic, key, value string
	at                int64
}

// model says what a join must come to from the records alone: take gives the results "KEY VALUE" of
// one more record of a task, which come at once.
type model interface {
	take(task int32, a arrival) []string
}

// inOrder sorts records as a task takes those that wait: of the next ones of each topic the oldest.
func inOrder(waiting []arrival) (sorted []arrival) {
	heads := map[string][]arrival{}
	for _, a := range waiting {
		heads[a.topic] = append(heads[a.topic], a)
	}
	for range waiting {
		var next string
		for topic, queue := range heads {
			if len(queue) == 0 {
				continue
			}
			if next == "" || queue[0].at < heads[next][0].at || queue[0].at == heads[next][0].at && topic < next {
				next = topic
			}
		}
		sorted, heads[next] = append(sorted, heads[next][0]), heads[next][1:]
	}
	return sorted
}

// againstModel runs a topology on random records of its topics, in batches that are disturbed
// before they are done. It returns the driver and what the model says must have come.
func againstModel(t *rapid.T, name string, m model, topics ...string) (d *topologytest.Driver, want []string) {
	var b topology.Builder
	topologies[name](&b)
	topo, err := b.Build("app")
	require.NoError(t, err)
	tasks := rapid.IntRange(1, 3).Draw(t, "tasks")
	d = topologytest.New(nil, topo, topologytest.Config{Tasks: tasks, Workers: rapid.IntRange(1, 2).Draw(t, "workers")})
	at, serial := start+100_000, 0
	for range rapid.IntRange(1, 6).Draw(t, "batches") {
		waiting := make([][]arrival, tasks)
		for range rapid.IntRange(0, 12).Draw(t, "records") {
			at += rapid.Int64Range(-6, 8).Draw(t, "step") * 1000
			serial++
			a := arrival{topic: rapid.SampledFrom(topics).Draw(t, "topic"), key: rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(t, "key"), at: at}
			a.value = rapid.SampledFrom([]string{fmt.Sprint("v", serial), "same", "other", none}).Draw(t, "value")
			if a.value == none && !tabled(topo, a.topic) {
				a.value = "same"
			}
			d.PipeAt(a.topic, a.at, []byte(a.key), encode(a.topic, a.value))
			task := topology.PartitionOf([]byte(a.key), tasks)
			waiting[task] = append(waiting[task], a)
		}
		for range rapid.IntRange(0, 3).Draw(t, "disturbances") {
			disturbAtRandom(t, d)
		}
		d.Run()
		for task, records := range waiting {
			for _, a := range inOrder(records) {
				want = append(want, m.take(int32(task), a)...)
			}
		}
	}
	return d, want
}

// tabled says whether a topic is that of a table; one of versions, or that expires, has its own behind it.
func tabled(topo *topology.Topology, topic string) bool {
	for _, s := range topo.Subs {
		for _, store := range s.Stores {
			if store.SourceTopic == topic || store.History+store.Expiry > 0 && topic != "words" {
				return true
			}
		}
	}
	return false
}

// outputsOf are the records of a topic as text, sorted.
func outputsOf(d *topologytest.Driver, topic string) (all []string) {
	for _, r := range d.Records(topic) {
		all = append(all, show(r.Key)+" "+show(r.Value))
	}
	slices.Sort(all)
	return all
}

// tableModel joins the records of words with the newest row of prices.
type tableModel struct {
	left bool
	rows map[string]string
}

func (m tableModel) take(_ int32, a arrival) []string {
	if a.topic == "prices" {
		m.rows[a.key] = a.value
		return nil
	}
	row, found := m.rows[a.key]
	if (!found || row == none) && !m.left {
		return nil
	}
	if !found {
		row = none
	}
	return []string{fmt.Sprintf("%s %s+%s@%s", a.key, a.value, row, clock(a.at))}
}

// Each record of the stream is joined once, with the row of its time.
func TestJoinTableAgainstAModel(t *testing.T) {
	for name, left := range map[string]bool{"join-table": false, "left-join-table": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d, want := againstModel(t, name, tableModel{left, map[string]string{}}, "words", "prices")
				slices.Sort(want)
				require.Equal(t, want, outputsOf(d, "priced"))
			})
		})
	}
}

// pairModel holds two tables and joins them anew for each update.
type pairModel struct {
	has  func(left, right bool) bool
	rows map[string]map[string]arrival // by topic and key
}

func (m pairModel) take(_ int32, a arrival) []string {
	had, before := m.result(a.key)
	if a.value == none {
		delete(m.rows[a.topic], a.key)
	} else if m.rows[a.topic][a.key].value != a.value {
		m.rows[a.topic][a.key] = a
	}
	has, now := m.result(a.key)
	switch {
	case has && (!had || now.value != before.value):
		return []string{fmt.Sprintf("%s %s@%s", a.key, now.value, clock(max(now.at, a.at)))}
	case had && !has:
		return []string{a.key + " deleted"}
	}
	return nil
}

func (m pairModel) result(key string) (bool, arrival) {
	l, left := m.rows["prices"][key]
	r, right := m.rows["ads"][key]
	if !left {
		l.value = none
	}
	if !right {
		r.value = none
	}
	return m.has(left, right), arrival{value: l.value + "+" + r.value, at: max(l.at, r.at)}
}

// Every update of a result comes once, and the last ones are the join of the two tables.
func TestJoinTablesAgainstAModel(t *testing.T) {
	for name, has := range map[string]func(left, right bool) bool{
		"join-tables":       func(left, right bool) bool { return left && right },
		"left-join-tables":  func(left, _ bool) bool { return left },
		"outer-join-tables": func(left, right bool) bool { return left || right },
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := pairModel{has, map[string]map[string]arrival{"prices": {}, "ads": {}}}
				d, want := againstModel(t, name, m, "prices", "ads")
				slices.Sort(want)
				require.Equal(t, want, outputsOf(d, "pairs"))
				require.Len(t, d.Rows("pairs"), len(union(m.rows["prices"], m.rows["ads"])), "a row for each key of a side")
			})
		})
	}
}

func union(a, b map[string]arrival) map[string]bool {
	all := map[string]bool{}
	for key := range a {
		all[key] = true
	}
	for key := range b {
		all[key] = true
	}
	return all
}
