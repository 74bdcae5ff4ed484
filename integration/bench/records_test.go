package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// Every event is a good one, and every definition too.
func TestWorkloadsAreWhatTheySay(t *testing.T) {
	for _, w := range []*workload{tagged(1000), keyed(1000), attributed(125)} {
		for _, text := range w.define {
			def, err := experiment.Parse([]byte(text))
			require.NoError(t, err)
			require.NoError(t, def.Validate())
		}
		perUnit := map[string]int{}
		for i := range w.records {
			var r kgo.Record
			w.fill(i, time.Now().UnixMilli(), &r)
			var ev event.Event
			require.NoError(t, event.Judged.Parse(r.Value, &ev))
			if w.name == "attributed" {
				require.Equal(t, event.None, ev.Fault, "%s", r.Value)
				perUnit[string(r.Key)]++
				continue
			}
			require.Len(t, r.Value, taggedSize)
		}
		for unit, n := range perUnit {
			require.Equal(t, eventsPerUnit, n, unit)
		}
	}
}

func TestFigures(t *testing.T) {
	f := figures{3, 1, 2, 10}
	require.Equal(t, 2.5, f.median())
	require.Equal(t, "2.5 (1.0-10.0)", f.text(1, 1))
	require.Equal(t, 51, quantile(upTo(100), 0.5))
	require.Equal(t, 100, quantile(upTo(100), 0.99))
	require.Equal(t, 100, quantile(upTo(100), 1))
}

func upTo(n int) (s []int) {
	for i := range n {
		s = append(s, i+1)
	}
	return s
}
