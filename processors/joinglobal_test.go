package processors_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// Each record is joined once with the row that the table had when it came, whatever task it is of.
func TestJoinGlobalAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b topology.Builder
		topologies["left-join-global"](&b)
		topo, err := b.Build("app")
		require.NoError(t, err)
		d := topologytest.New(nil, topo, topologytest.Config{Tasks: rapid.IntRange(1, 3).Draw(t, "tasks"), Workers: rapid.IntRange(1, 2).Draw(t, "workers")})
		countries := rapid.SampledFrom([]string{"DE", "FR", "IT"})
		rows, want := map[string]string{}, []string(nil)
		for batch := range rapid.IntRange(0, 5).Draw(t, "batches") {
			for range rapid.IntRange(0, 3).Draw(t, "rows") {
				country, row := countries.Draw(t, "country"), rapid.SampledFrom([]string{"a", "b", none}).Draw(t, "row")
				rows[country] = row
				d.Pipe("regions", []byte(country), encode("regions", row))
			}
			for i := range rapid.IntRange(0, 6).Draw(t, "records") {
				user, country := fmt.Sprint("u", batch, i), countries.Draw(t, "of")
				row, found := rows[country]
				if !found {
					row = none
				}
				want = append(want, fmt.Sprintf("%s %s+%s@%s", user, country, row, clock(d.Wall())))
				d.Pipe("words", []byte(user), []byte(country))
			}
			disturbAtRandom(t, d)
			d.Run()
		}
		slices.Sort(want)
		require.Equal(t, want, outputsOf(d, "placed"))
	})
}

// A row that no task can read stops the app rather than be missed by joins.
func TestGlobalRowsThatDoNotDecode(t *testing.T) {
	var b topology.Builder
	amounts := processors.GlobalTable(&b, "amounts", codecs.String, codecs.Int64)
	processors.JoinGlobal(words(&b), amounts, "priced", value, func(_, _ string, n int64) int64 { return n })
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(nil, topo, topologytest.Config{})
	d.Pipe("amounts", []byte("DE"), []byte("12"))
	require.PanicsWithValue(t, `task 0_0: global table amounts: row at offset 0: value of key "DE": codecs: int64: parse 2 bytes: wrong length, want 8`, d.Run)
}
