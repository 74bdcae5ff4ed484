package processors_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// The records of one key fill many rows. The rows are the same whether or not the task remembers which one is the last,
// and all of their records find their partner.
func TestAKeyOfManyRecordsFillsTheSameRowsOverRestarts(t *testing.T) {
	sides := func(b *topology.Builder) (left, right topology.Stream[string, string]) {
		return words(b), topology.From(b, "others", codecs.String, codecs.String)
	}
	for name, declare := range map[string]program{
		"streams": func(b *topology.Builder) {
			left, right := sides(b)
			joined := processors.JoinStreams(left, right, around(time.Minute), "kept", func(_, l, r string) string { return l + r })
			topology.To(topology.WithCodecs(joined, codecs.String, codecs.String), "out")
		},
		"as of": func(b *topology.Builder) {
			left, right := sides(b)
			table := processors.ToVersionedTable(right, "versions", time.Hour)
			joined := processors.JoinTableAsOf(left, table, time.Minute, "kept", func(_, l, r string) string { return l + r })
			topology.To(topology.WithCodecs(joined, codecs.String, codecs.String), "out")
		},
	} {
		t.Run(name, func(t *testing.T) {
			const records = 200
			var rows []map[string][]byte
			for _, restarts := range []bool{false, true} {
				d := topologytest.New(t, declare.build(t), topologytest.Config{})
				d.PipeAt("others", start-1000, []byte("before"), []byte("r"))
				for i := range records {
					d.PipeAt("words", start, []byte("hot"), []byte(strings.Repeat("w", 10+i*37%900)))
					if d.Run(); restarts && i%17 == 0 {
						d.Restart()
					}
				}
				rows = append(rows, d.Rows("kept"))
				require.Greater(t, len(rows[0]), 10)
				d.PipeAt("others", start, []byte("hot"), []byte("r"))
				for _, topic := range []string{"words", "others"} {
					d.PipeAt(topic, start+3_600_000, []byte("after"), []byte("x"))
				}
				d.Run()
				partners := 0
				for _, r := range d.Records("out") {
					if string(r.Key) == "hot" {
						partners++
					}
				}
				require.Equal(t, records, partners)
			}
			require.Equal(t, rows[0], rows[1])
		})
	}
}
