package replay

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
)

// BenchmarkEvents reads 100,000 rows of five cells, of which each gives three events.
func BenchmarkEvents(b *testing.B) {
	var text strings.Builder
	text.WriteString("user,arm,bought,spend,at\n")
	for i := range 100_000 {
		fmt.Fprintf(&text, "user-%d,%c,1,%d.25,2020-01-01 00:%02d:%02d.5\n", i, 'a'+i%2, i, i/60%60, i%60)
	}
	path := b.TempDir() + "/rows.csv"
	require.NoError(b, os.WriteFile(path, []byte(text.String()), 0o600))
	cfg := Config{File: path, Experiment: "e", Unit: "user", Variant: "arm", Control: "a", Time: "at",
		Metrics: []string{"spend=mean:spend", "buy=conversion:bought"}}
	b.ReportAllocs()
	for b.Loop() {
		plan, err := New(cfg)
		require.NoError(b, err)
		events := 0
		require.NoError(b, plan.Events(func(*event.Event) error { events++; return nil }))
		require.Equal(b, 300_000, events)
	}
}
