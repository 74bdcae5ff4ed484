package processors_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// The rows of a table go by the time to live that the program has now, were they written under a longer or a shorter one.
func TestRowsGoByTheTimeToLiveOfNow(t *testing.T) {
	lives := func(after time.Duration) *topology.Topology {
		return program(func(b *topology.Builder) {
			topology.To(processors.ToExpiringTable(orders(b), "kept", after).Stream, "updates")
		}).build(t)
	}
	for name, then := range map[string]time.Duration{"longer before": time.Hour, "shorter before": 20 * time.Second, "the same": time.Minute} {
		t.Run(name, func(t *testing.T) {
			d := topologytest.New(t, lives(then), topologytest.Config{})
			order := func(key string, seconds int64) {
				d.PipeAt("orders", start+seconds*1000, []byte(key), encode("orders", "1"))
				d.Run()
			}
			gone := func() (keys []string) {
				for _, r := range d.Records("updates") {
					if r.Value == nil {
						keys = append(keys, string(r.Key))
					}
				}
				return keys
			}
			order("still", 0)
			order("again", 1)
			d.Deploy(lives(time.Minute))
			order("again", 10)
			order("other", 59)
			require.Empty(t, gone())
			order("other", 60)
			require.Equal(t, []string{"still"}, gone())
			order("other", 69)
			require.Len(t, gone(), 1)
			order("other", 71)
			require.Equal(t, []string{"still", "again"}, gone())
			require.Len(t, d.Rows("kept"), 1)
		})
	}
}
