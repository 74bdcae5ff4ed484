package state_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const retention = 40

// versionsModel is versions as lists that nothing is ever removed from.
type versionsModel struct {
	db       *memory.DB
	table    *state.Table
	versions *state.Versions
	now      int64
	all      map[string]map[int64]string // by key and begin
}

const gone = "gone" // the value of a deletion

func (m *versionsModel) open() {
	m.table = state.NewTable("prices", 0, m.db.Store("prices"), 24<<10)
	m.versions = state.NewVersions(m.table, retention)
}

// asOf is the version of a key that began last by a time, and when the next one begins.
func (m *versionsModel) asOf(key string, at int64) (since, until int64, value string) {
	since, until, value = math.MinInt64, state.Forever, gone
	for begin, v := range m.all[key] {
		if begin <= at && begin >= since {
			since, value = begin, v
		}
		if begin > at {
			until = min(until, begin)
		}
	}
	return since, until, value
}

func (m *versionsModel) put(rt *rapid.T) {
	key := rapid.SampledFrom([]string{"", "a", "ab", "b"}).Draw(rt, "key")
	at := m.now + rapid.Int64Range(-retention-5, 20).Draw(rt, "at")
	value := rapid.SampledFrom([]string{gone, "", "1", "2", "3"}).Draw(rt, "value")
	data := []byte(value)
	if value == gone {
		data = nil
	}
	until, kept, err := m.versions.Put([]byte(key), data, at, m.now)
	require.NoError(rt, err)
	require.Equal(rt, at >= m.now-retention, kept)
	if !kept {
		return
	}
	if m.all[key] == nil {
		m.all[key] = map[int64]string{}
	}
	m.all[key][at] = value
	_, want, _ := m.asOf(key, at)
	require.Equal(rt, want, until)
}

// commit puts all that there is into the engine.
func (m *versionsModel) commit(rt *rapid.T) {
	var batch state.Batch
	m.table.Flush(discarded{})
	m.table.Commit()
	m.table.Checkpoint(&batch)
	require.NoError(rt, m.table.Store().Apply(&batch))
}

type discarded struct{}

func (discarded) Append(int, []byte, []byte) {}

func (m *versionsModel) check(rt *rapid.T) {
	for _, key := range []string{"", "a", "ab", "b"} {
		since, _, value := m.asOf(key, math.MaxInt64)
		got, ok, err := m.versions.Get([]byte(key))
		require.NoError(rt, err)
		requireVersion(rt, "newest of "+key, value, since, state.Forever, got, ok)
		newest := since
		for at := m.now - retention - 10 + m.now%3; at < m.now+25; at += 3 {
			since, until, value := m.asOf(key, at)
			if at < m.now-retention && newest > at {
				value = gone
			}
			got, ok, err := m.versions.GetAsOf([]byte(key), at, m.now)
			require.NoError(rt, err)
			requireVersion(rt, fmt.Sprint(key, " as of ", at), value, since, until, got, ok)
		}
	}
}

func requireVersion(rt *rapid.T, what, value string, since, until int64, got state.Version, ok bool) {
	require.Equal(rt, value != gone, ok, what)
	if ok {
		require.Equal(rt, fmt.Sprint(value, since, until), fmt.Sprint(string(got.Value), got.Since, got.Until), what)
	}
}

// However versions come, what is read is what lists of all of them say, through commits, restarts and expiry; and
// what the retention has passed is gone.
func TestVersionsFollowAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &versionsModel{db: memory.New(), all: map[string]map[int64]string{}}
		m.open()
		rt.Repeat(map[string]func(*rapid.T){
			"":    m.check,
			"put": m.put,
			"time": func(rt *rapid.T) {
				m.now += rapid.Int64Range(0, 30).Draw(rt, "ms")
				if rapid.Bool().Draw(rt, "expire") {
					require.NoError(rt, m.versions.Expire(m.now))
					require.Greater(rt, m.versions.Next(), m.now)
				}
			},
			"commit": m.commit,
			"restart": func(rt *rapid.T) {
				m.commit(rt)
				m.open()
			},
		})
		require.NoError(rt, m.versions.Expire(m.now+1000))
		require.EqualValues(rt, state.Forever, m.versions.Next())
		want := 0
		for key := range m.all {
			if _, _, value := m.asOf(key, math.MaxInt64); value != gone {
				want++
			}
		}
		require.Len(rt, scan(rt, m.table, "", ""), want, "the newest values alone are left")
	})
}

// Whatever retentions a table is opened with, one after the other: what the last one has passed is gone.
func TestVersionsGoUnderAnyRetention(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table := state.NewTable("prices", 0, memory.New().Store("prices"), 0)
		keys, now := []string{"pear", "plum"}, int64(0)
		for range rapid.IntRange(1, 4).Draw(rt, "openings") {
			versions := state.NewVersions(table, rapid.SampledFrom([]int64{1, 9, 80, 800, 8000}).Draw(rt, "retention"))
			for range rapid.IntRange(0, 12).Draw(rt, "steps") {
				now += rapid.Int64Range(0, 300).Draw(rt, "ms")
				at := now - rapid.Int64Range(0, 100).Draw(rt, "back")
				_, _, err := versions.Put([]byte(rapid.SampledFrom(keys).Draw(rt, "key")), []byte("3 EUR"), at, now)
				require.NoError(rt, err)
				if now >= versions.Next() {
					require.NoError(rt, versions.Expire(now))
				}
			}
		}
		last := state.NewVersions(table, 80)
		require.NoError(rt, last.Expire(now))
		for last.Next() < state.Forever {
			now = last.Next()
			require.NoError(rt, last.Expire(now))
		}
		require.Empty(rt, scan(rt, table, "e", "n"), "the newest values alone are left")
	})
}

func TestAVersionRowThatIsMalformedIsAnError(t *testing.T) {
	table := state.NewTable("prices", 0, memory.New().Store("prices"), 0)
	versions := state.NewVersions(table, retention)
	table.Put([]byte("npear"), []byte{9})
	_, _, err := versions.Get([]byte("pear"))
	require.ErrorContains(t, err, "table prices: version row")
	_, _, err = versions.GetAsOf([]byte("pear"), 1, 1)
	require.Error(t, err)
	_, _, err = versions.Put([]byte("pear"), nil, 1, 1)
	require.Error(t, err)
}

// Prices of a pear, of which one comes late.
func ExampleVersions() {
	table := state.NewTable("prices", 0, memory.New().Store("0_0/prices"), 0)
	prices := state.NewVersions(table, 1000)
	pear, now := []byte("pear"), int64(500)
	_, _, _ = prices.Put(pear, []byte("3 EUR"), 100, now)
	_, _, _ = prices.Put(pear, []byte("5 EUR"), 400, now)
	_, _, _ = prices.Put(pear, []byte("4 EUR"), 200, now)

	newest, _, _ := prices.Get(pear)
	fmt.Printf("now %s\n", newest.Value)
	was, _, _ := prices.GetAsOf(pear, 350, now)
	fmt.Printf("at 350 %s, from %d until %d\n", was.Value, was.Since, was.Until)
	// Output:
	// now 5 EUR
	// at 350 4 EUR, from 200 until 400
}
