package verify_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// parted is a story of segments, with units that are left out and units that the split check does not know.
func parted(t *testing.T) *story {
	s := tell(t, checkout(func(d *experiment.Definition) {
		d.Segments = []experiment.Dimension{{Name: "country", Values: []string{"DE", "FR"}}, {Name: "age", Prop: "years", Values: []string{"30"}}}
		d.Exclude.Units, d.Windows = []string{"unit9"}, nil
	}))
	s.in.NeverIdle = true
	for i := range int64(12) {
		unit := fmt.Sprint("unit", i)
		props := more{"props": more{"country": []any{"DE", "FR", "IT"}[i%3], "years": 20 + 10*(i%2)}}
		s.expose("x", unit, string("AB"[i%2]), i*100, props).buy("1", unit, fmt.Sprint(i), i*100+50)
	}
	s.expose("w", "unit0", "A", -50, more{"reason": "forced", "props": more{"country": "FR"}}) // before the start
	s.expose("w", "unit1", "B", 50, more{"reason": "forced", "props": more{"country": "DE", "years": "30"}})
	s.expose("y", "unit2", "B", 1500)
	return s.tick(100_000).buy("2", "unit4", "1", 30_000)
}

func TestSegmentsAreRecomputed(t *testing.T) {
	s := parted(t)
	all := s.verifier().Publish()
	whole, germany, older := all["checkout|total"], all["checkout|total|country=DE"], all["checkout|total|age=30"]
	require.Equal(t, map[string]int64{"A": 5, "B": 5}, whole.Units)
	require.Equal(t, map[string]int64{"listed": 1}, whole.LeftOut)
	require.Equal(t, map[string]int64{"A": 6, "B": 4}, whole.Split.FirstSeen, "unit1 was forced, unit9 is left out")
	require.Equal(t, map[string]int64{"A": 2, "B": 2}, germany.Units, "units 0, 3 and 6, and 1 by its earlier exposure; 9 is left out")
	require.Equal(t, map[string]int64{"A": 2, "B": 1}, germany.Split.FirstSeen)
	require.Equal(t, "6", germany.Metrics["revenue"].Variants["A"].Sum[:1], "0 and 6")
	require.Equal(t, map[string]int64{"A": 0, "B": 5}, older.Units)
	require.EqualValues(t, 1, *all["checkout|total|country=other"].Excluded)
	require.EqualValues(t, 2, all["checkout|total|country=FR"].PostMaturityCorrections, "revenue and orders of unit 4")
	require.Nil(t, germany.Dropped)
	require.Contains(t, []string{"age=30", "age=other", "country=DE"}, whole.Split.WorstSegment)
	for _, m := range germany.Metrics {
		require.False(t, m.Primary)
	}
	require.Empty(t, s.verifier().CompareStats(s.published()))
	require.Empty(t, s.verifier().CompareHashes(s.hashes()))
}

func TestEveryAlteredFieldOfASegmentIsReported(t *testing.T) {
	s := parted(t)
	v, published := s.verifier(), s.published()
	for _, key := range []string{"checkout|total|country=DE", "checkout|total|age=other"} {
		var top any
		require.NoError(t, json.Unmarshal(published[key], &top))
		for _, path := range paths("", top) {
			require.NotEmpty(t, v.CompareRecord(key, alter(t, published[key], path)), "%s: %s altered", key, path)
		}
	}
}

func TestSegmentsThatAreMissingOrTooMany(t *testing.T) {
	s := parted(t)
	published := s.published()
	require.Len(t, published, 1+5)
	stray := strings.Replace(string(published["checkout|total|country=DE"]), "country=DE", "country=IT", 1)
	delete(published, "checkout|total|country=DE")
	published["checkout|total|country=IT"] = []byte(stray)
	got := strings.Split(fields(s.verifier().CompareStats(published)), ", ")
	slices.Sort(got)
	require.Equal(t, []string{"checkout|total|country=DE ", "checkout|total|country=IT "}, got)
	require.NotEmpty(t, s.verifier().CompareRecord("checkout|total|country=DE", nil))
	require.Empty(t, s.verifier().CompareRecord("checkout|total|country=IT", nil))

	hashes := s.hashes()
	delete(hashes, "ab:stats:{checkout}:age=30")
	hashes["ab:stats:{checkout}:age=9"], hashes["ab:stats:{checkout}x"] = map[string]string{}, map[string]string{}
	got = strings.Split(fields(s.verifier().CompareHashes(hashes)), ", ")
	slices.Sort(got)
	require.Equal(t, []string{"ab:stats:{checkout}:age=30 ", "ab:stats:{checkout}:age=9 ", "ab:stats:{checkout}x "}, got)
}

// Which units a holdout has is a function of its name and the unit, whoever computes it.
func TestHoldoutsAreTheSameForAll(t *testing.T) {
	for _, share := range []float64{0.5, 0.01, 1e-12, 1 - 1e-12} {
		h := &experiment.Holdout{Name: "q4", Share: share}
		s := tell(t, checkout(func(d *experiment.Definition) { d.Holdout = h }))
		held := int64(0)
		for i := range 300 {
			unit := fmt.Sprint("u", i)
			s.expose("x", unit, "A", int64(i))
			if h.Holds([]byte(unit)) {
				held++
			}
		}
		rec := s.verifier().Publish()[result.TotalKey("checkout")]
		require.Equal(t, held, rec.LeftOut["holdout"])
		require.Equal(t, 300-held, rec.Units["A"])
	}
}
