package processors_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

func expiring(b *topology.Builder) { processors.ToExpiringTable(orders(b), "kept", time.Minute) }

func heldBack(b *topology.Builder) {
	prices := processors.ToVersionedTable(words(b), "prices", time.Hour)
	processors.JoinTableAsOf(orders(b), prices, time.Minute, "kept", func(string, int64, string) string { return "" })
}

func suppressedTotals(b *topology.Builder) {
	processors.Suppress(processors.CountWindows(processors.Window(orders(b), processors.Tumbling{Size: time.Second}), "counts"), "kept", 0)
}

// A row that no store of the kind has written is told with its store, its key and the way out, and panics nowhere: when
// the store is opened, when the row is read, when it closes.
func TestARowThatCannotBeReadIsTold(t *testing.T) {
	pane := func(key string) string {
		data, err := windowedKeys.Append(nil, processors.Windowed[string]{Key: key, Start: start, End: start + 60_000})
		require.NoError(t, err)
		return string(data)
	}
	tables := func(b *topology.Builder) {
		processors.JoinTables(orders(b), words(b), "kept", func(string, int64, string) string { return "" })
	}
	for name, test := range map[string]struct {
		program program
		keys    []string
	}{
		"count":     {totals, []string{"a"}},
		"tumbling":  {windows(processors.Tumbling{Size: time.Minute}), []string{"a", "\x01a", pane("a"), pane("b")}},
		"on close":  {windows(processors.Tumbling{Size: time.Minute, Emit: processors.OnClose}), []string{"\x01\x02", pane("a"), pane("b")}},
		"hopping":   {windows(processors.Hopping{Size: 2 * time.Minute, Advance: time.Minute}), []string{"a", "\x01a", pane("a")}},
		"sliding":   {windows(processors.Sliding{Difference: time.Minute}), []string{"a", "\x01a"}},
		"sessions":  {windows(processors.Session{Gap: time.Minute}), []string{"a", "b"}},
		"dedup":     {distinct(time.Minute), []string{"a", "\x01\x02"}},
		"streams":   {meetings(around(time.Minute)), []string{"a", "\x01\x02", pane("a")}},
		"tables":    {tables, []string{"a"}},
		"expiring":  {expiring, []string{"a", "b"}},
		"held":      {heldBack, []string{"a", "\x01a"}},
		"suppress":  {suppressedTotals, []string{"a", "\x01a"}},
		"versioned": {func(b *topology.Builder) { processors.ToVersionedTable(orders(b), "kept", time.Hour) }, []string{"na"}},
	} {
		for _, key := range test.keys {
			d := topologytest.New(nil, test.program.build(t), topologytest.Config{})
			order := func(at int64) {
				d.PipeAt("orders", at, []byte("a"), encode("orders", "1"))
				d.Run()
			}
			d.PipeAt("app-kept-changelog", start, []byte(key), []byte("?"))
			text := failure(func() {
				d.Wipe()
				order(start)
				order(start + 10)
				order(start + 3_600_000)
				order(start + 7_200_000)
			})
			require.Contains(t, text, "kept", "%s %q", name, key)
			require.Contains(t, text, "row", "%s %q", name, key)
			require.Contains(t, text, "another name", "%s %q", name, key)
			require.NotContains(t, text, "panic", "%s %q", name, key)
		}
	}
}

// failure is what a driver without a test fails with, empty if with nothing.
func failure(do func()) (text string) {
	defer func() {
		switch fault := recover().(type) {
		case string:
			text = fault
		case error:
			text = "panic: " + fault.Error()
		}
	}()
	do()
	return ""
}
