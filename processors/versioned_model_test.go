package processors_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// pastModel joins the records of words with the row of their time, of all updates read by then.
type pastModel struct {
	left     bool
	updates  map[string][]arrival
	greatest map[int32]map[string]int64 // event time by task and topic
	late     *int
}

func (m pastModel) take(task int32, a arrival) []string {
	times := m.greatest[task]
	if times == nil {
		times = map[string]int64{"words": math.MinInt64, "prices": math.MinInt64}
		m.greatest[task] = times
	}
	times[a.topic] = max(times[a.topic], a.at)
	now := min(times["words"], times["prices"])
	forgotten := now != math.MinInt64 && a.at < now-history.Milliseconds()
	if a.topic == "prices" {
		if forgotten {
			*m.late++
		} else {
			m.updates[a.key] = append(m.updates[a.key], a)
		}
		return nil
	}
	row := asOf(m.updates[a.key], a.at)
	if newest := asOf(m.updates[a.key], math.MaxInt64); forgotten && newest.at > a.at {
		row.value = none
	}
	return joinedAsOf(a, row, m.left)
}

// asOf is the update that held at a time: the one with the greatest time by then, of equal ones the last.
func asOf(updates []arrival, at int64) arrival {
	row := arrival{value: none, at: math.MinInt64}
	for _, u := range updates {
		if u.at <= at && u.at >= row.at {
			row = u
		}
	}
	return row
}

func joinedAsOf(a, row arrival, left bool) []string {
	if row.value == none && !left {
		return nil
	}
	return []string{fmt.Sprintf("%s %s+%s@%s", a.key, a.value, row.value, clock(a.at))}
}

// A record is joined with the row of its time that is known when it is read.
func TestJoinTableWithVersionsAgainstAModel(t *testing.T) {
	for name, left := range map[string]bool{"join-versioned": false, "left-join-versioned": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := pastModel{left, map[string][]arrival{}, map[int32]map[string]int64{}, new(int)}
				d, want := againstModel(t, name, m, "words", "prices")
				slices.Sort(want)
				require.Equal(t, want, outputsOf(d, "priced"))
				require.Equal(t, *m.late, len(d.Records("app.late")))
			})
		})
	}
}

// Where nothing is later than the grace, the results are the join of all records with all updates, as of the records'
// times, in whatever order they came; and nothing is left waiting.
func TestJoinTableAsOfIsTheJoinOfTheSets(t *testing.T) {
	for name, left := range map[string]bool{"join-as-of": false, "left-join-as-of": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d, all := shuffled(t, name, asOfGrace, "words", "prices")
				updates := map[string][]arrival{}
				for _, a := range all {
					if a.topic == "prices" {
						updates[a.key] = append(updates[a.key], a)
					}
				}
				var want []string
				for _, a := range all {
					if a.topic == "words" {
						want = append(want, joinedAsOf(a, asOf(updates[a.key], a.at), left)...)
					}
				}
				slices.Sort(want)
				require.Equal(t, want, outputsOf(d, "priced"))
				require.Empty(t, d.Records("app.late"))
				require.Empty(t, d.Rows("priced"))
			})
		})
	}
}

// Tables of versions join as if updates out of order had not been.
func TestJoinTablesWithVersionsIsThatOfTheNewest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, all := shuffled(t, "join-tables-versioned", asOfGrace, "prices", "ads")
		updates := map[string]map[string][]arrival{"prices": {}, "ads": {}}
		for _, a := range all {
			updates[a.topic][a.key] = append(updates[a.topic][a.key], a)
		}
		want := map[string]string{}
		for key := range updates["prices"] {
			price, ad := asOf(updates["prices"][key], math.MaxInt64), asOf(updates["ads"][key], math.MaxInt64)
			if price.value != none && ad.value != none {
				want[key] = price.value + "+" + ad.value
			}
		}
		got := map[string]string{}
		for key, value := range d.Last("pairs") {
			got[key], _, _ = strings.Cut(string(value), "@")
		}
		require.Equal(t, want, got)
	})
}

// shuffled runs a topology on random records that are no later than the grace, with disturbances, until all is quiet.
func shuffled(t *rapid.T, name string, grace time.Duration, topics ...string) (d *topologytest.Driver, all []arrival) {
	var b topology.Builder
	topologies[name](&b)
	topo, err := b.Build("app")
	require.NoError(t, err)
	d = topologytest.New(nil, topo, topologytest.Config{Tasks: rapid.IntRange(1, 3).Draw(t, "tasks")})
	front := start + 100_000
	for range rapid.IntRange(0, 60).Draw(t, "records") {
		front += rapid.SampledFrom([]int64{0, 0, 1, 2, 2, 30}).Draw(t, "step") * 1000
		a := arrival{
			topic: rapid.SampledFrom(topics).Draw(t, "topic"),
			key:   rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(t, "key"),
			value: rapid.StringMatching("[a-z]{1,4}").Draw(t, "value"),
			at:    front - rapid.Int64Range(0, grace.Milliseconds()).Draw(t, "behind"),
		}
		if tabled(topo, a.topic) && rapid.IntRange(0, 4).Draw(t, "gone") == 0 {
			a.value = none
		}
		all = append(all, a)
		d.PipeAt(a.topic, a.at, []byte(a.key), encode(a.topic, a.value))
		disturbAtRandom(t, d)
	}
	d.Run()
	d.Advance(time.Minute)
	return d, all
}
