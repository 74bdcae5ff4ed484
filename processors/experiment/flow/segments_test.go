package flow

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

const byCountry = definition + `
exclude: {units: [u0]}
segments:
  - {name: country, values: [DE]}
`

// Events become the statistics of segments, without those that are left out, and the odd split of one is found in the whole.
func TestEventsBecomeStatisticsOfSegments(t *testing.T) {
	d := driver(t, topologytest.Config{}, byCountry)
	now := d.Wall()
	for i := range 1600 {
		unit := fmt.Sprintf("u%d", i)
		variant, country, reason := []string{"control", "treatment"}[i%2], []string{"DE", "FR"}[i%4/2], "hash"
		if i >= 100 {
			variant, reason = []string{"control", "treatment"}[i%4/2], []string{"hash", "sticky"}[i%4%2] // of half of them nobody drew it
		}
		d.Pipe("abacus.events", []byte(unit), fmt.Appendf(nil, `{"id":"x","type":"exposure","unit":%q,"experiment":"button","variant":%q,"ts":%d,"reason":%q,"props":{"country":%q}}`,
			unit, variant, now+int64(i), reason, country))
		d.Pipe("abacus.events", []byte(unit), purchase(i, unit, "2", now+int64(i)+10))
	}
	d.Run()
	d.Advance(80 * time.Second)
	last := map[string]*result.Record{}
	for key, value := range d.Last("abacus.stats") {
		var rec *result.Record
		require.NoError(t, result.Codec.Parse(value, &rec))
		require.True(t, rec.Closed, key)
		last[key] = rec
	}
	whole, de, other := last["button|total"], last["button|total|country=DE"], last["button|total|country=other"]
	require.Equal(t, map[string]int64{"control": 799, "treatment": 800}, whole.Units)
	require.Equal(t, map[string]int64{"listed": 1}, whole.LeftOut)
	require.Equal(t, map[string]int64{"control": 49 + 375, "treatment": 50 + 375}, whole.Split.FirstSeen)
	require.Equal(t, map[string]int64{"control": 24 + 750, "treatment": 25}, de.Units)
	require.Equal(t, "1548.00", de.Metrics["revenue"].Variants["control"].Sum)
	require.Equal(t, map[string]int64{"control": 24 + 375, "treatment": 25}, de.Split.FirstSeen)
	require.Equal(t, map[string]int64{"control": 25, "treatment": 25 + 750}, other.Units)
	require.Equal(t, "broken split", whole.Split.Verdict)
	require.Contains(t, []string{"country=DE", "country=other"}, whole.Split.WorstSegment)
	require.Empty(t, differences(t, d, byCountry))
}
