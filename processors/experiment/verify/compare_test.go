package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// busy is a story with something in every field; all of it has matured and is closed.
func busy(t *testing.T) *story {
	s := tell(t, checkout(func(d *experiment.Definition) { d.Windows = []string{"1s", "5s", "60s"} }), ranker())
	s.in.NeverIdle = true
	for i := range int64(12) {
		unit := fmt.Sprint("unit", i)
		s.expose("x", unit, string("AAAB"[i%4]), i*700)
		s.buy("1", unit, fmt.Sprint(i, ".", 3*i+1), i*700+300).buy("2", unit, "-1.005", i*900)
		s.call(unit, "", string("AB"[i%2]), fmt.Sprint(i, ".5"), i*900)
	}
	s.buy("late", "unit3", "7", -3000).buy("1", "unit3", "8", 5000)
	s.expose("y", "unit5", "B", 9000).retract("r", "unit6", "1", 9000).put("buy", "3", "unit7", 9000)
	s.tick(30_000).buy("4", "unit8", "1", 9000).tick(120_000).buy("5", "unit8", "1", 9000)
	return s
}

func TestOneVoice(t *testing.T) {
	s := busy(t)
	require.Empty(t, s.verifier().CompareStats(s.published()))
	require.Equal(t, len(s.records), s.verifier().Records())
	x := s.expected()
	require.Equal(t, int64(1), x.Excluded)
	require.NotZero(t, x.Corrections)
	for _, reason := range []string{"before_exposure", "conflict", "no_value", "rounded"} {
		require.NotZero(t, x.Dropped[reason], reason)
	}
}

// alter changes one leaf of a record: a number by one, a text or word to another.
func alter(t *testing.T, data []byte, path string) []byte {
	var top map[string]any
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&top))
	var at any = top
	parts := strings.Split(path, ".")
	for _, part := range parts[:len(parts)-1] {
		at = step(at, part)
	}
	last := parts[len(parts)-1]
	changed := another(step(at, last))
	switch at := at.(type) {
	case map[string]any:
		at[last] = changed
	case []any:
		i, _ := strconv.Atoi(last)
		at[i] = changed
	}
	out, err := json.Marshal(top)
	require.NoError(t, err)
	return out
}

func step(at any, part string) any {
	if list, ok := at.([]any); ok {
		i, _ := strconv.Atoi(part)
		return list[i]
	}
	return at.(map[string]any)[part]
}

func another(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n + 1
		}
		x, _ := v.Float64()
		return x * (1 + 1e-11)
	case string:
		return v + "0"
	case bool:
		return !v
	}
	return 0
}

// paths lists the leaves of a JSON value.
func paths(prefix string, v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(all, paths(prefix+"."+name, v[name])...)
		}
	case []any:
		for i := range v {
			all = append(all, paths(prefix+"."+strconv.Itoa(i), v[i])...)
		}
	default:
		return []string{strings.TrimPrefix(prefix, ".")}
	}
	return all
}

func TestEveryAlteredFieldIsReported(t *testing.T) {
	s := busy(t)
	v, published := s.verifier(), s.published()
	tried := 0
	for key, data := range published {
		var top any
		require.NoError(t, json.Unmarshal(data, &top))
		for _, path := range paths("", top) {
			differences := v.CompareStats(map[string][]byte{key: alter(t, data, path)})
			require.True(t, slices.ContainsFunc(differences, func(d verify.Difference) bool { return d.Key == key && d.Field != "" }), "%s: %s altered", key, path)
			tried++
		}
	}
	require.Greater(t, tried, 500)
}

func TestRecordsThatAreMissingOrTooMany(t *testing.T) {
	s := busy(t)
	v, published := s.verifier(), s.published()
	for key := range published {
		faulty := maps.Clone(published)
		delete(faulty, key)
		require.Equal(t, key+" ", fields(v.CompareStats(faulty)))
		faulty[key] = nil
		require.Equal(t, key+" ", fields(v.CompareStats(faulty)))
	}
	for _, key := range []string{"checkout|1s|1790000999000", "checkout|2s|1790000040000", "nobody|total", "checkout|total|country=DE", "nonsense"} {
		faulty := maps.Clone(published)
		faulty[key] = published["checkout|total"]
		require.Equal(t, key+" ", fields(v.CompareStats(faulty)), key)
	}
	faulty := maps.Clone(published)
	faulty["checkout|total"] = []byte(`{"v":`)
	require.Equal(t, "checkout|total ", fields(v.CompareStats(faulty)))
	faulty["checkout|total"] = []byte(strings.Replace(string(published["checkout|total"]), `"v":1`, `"v":1,"more":2`, 1))
	require.Equal(t, "checkout|total more", fields(v.CompareStats(faulty)))
}

func TestExpiredWindowsMayBeGone(t *testing.T) {
	s := busy(t)
	published := s.published()
	for key := range published {
		if strings.Contains(key, "|1s|") {
			delete(published, key)
		}
	}
	require.NotEmpty(t, s.verifier().CompareStats(published))
	s.in.Watermark = base + 60_000 + 600_000
	require.Empty(t, s.verifier().CompareStats(published))
}

func TestAnOpenTotalIsComparedAsOfItsWatermark(t *testing.T) {
	s := busy(t)
	published := s.published()
	open := s.total(base + 3000)
	require.Contains(t, open, fmt.Sprintf(`"as_of":%d,"closed":false,`, base+3000))
	require.NotEqual(t, string(published["checkout|total"]), open)
	published["checkout|total"] = []byte(open)
	require.Empty(t, s.verifier().CompareStats(published))
	published["checkout|total"] = []byte(strings.Replace(open, "43000,", "43001,", 1))
	require.Equal(t, "checkout|total as_of", fields(s.verifier().CompareStats(published)))
}

// total is that of checkout as of a watermark.
func (s *story) total(watermark int64) string {
	s.t.Helper()
	data, err := result.Codec.Append(nil, s.verifier().Totals(func(string) int64 { return watermark })[0])
	require.NoError(s.t, err)
	return string(data)
}

// A unit that waits for its time matures in the pane of that time, by an event or on quiet input: as_of says whether it has. Only whether
// the record is closed depends on how far an idle task has come.
func TestMaturedFiguresAreThoseAsOfTheRecord(t *testing.T) {
	s := tell(t, checkout())
	s.in.NeverIdle = true
	s.expose("x", "u", "A", 0).expose("y", "w", "A", 30_000).tick(65_000)
	for at, matured := range map[int64]string{66_000: `"matured_n":1`, 96_000: `"matured_n":2`} {
		published, total := s.published(), s.total(base+at)
		require.Contains(t, total, matured)
		published["checkout|total"] = []byte(total)
		require.Empty(t, s.verifier().CompareStats(published))
		published["checkout|total"] = []byte(strings.ReplaceAll(total, matured, `"matured_n":3`))
		require.Len(t, s.verifier().CompareStats(published), 3)
		closed := strings.NewReplacer(`"closed":true`, `"closed":false`, `"closed":false`, `"closed":true`)
		published["checkout|total"] = []byte(closed.Replace(total))
		require.Equal(t, at == 96_000, len(s.verifier().CompareStats(published)) > 0)
		s.in.NeverIdle = false
		published["checkout|total"] = []byte(strings.ReplaceAll(total, matured, `"matured_n":3`))
		require.Empty(t, s.verifier().CompareStats(published), "a gap in the log decides nothing")
		s.in.NeverIdle = true
	}
}

// A unit counts by first-seen arm at exposure + grace, whatever brings stream time there.
func TestTheSplitIsCompared(t *testing.T) {
	for until, decided := range map[int64]bool{34_000: true, 35_000: true} {
		s := tell(t, checkout())
		s.in.NeverIdle = true
		s.expose("x", "u", "A", 0).expose("y", "w", "A", 30_000).tick(until)
		published := s.published()
		total := string(published["checkout|total"])
		require.Contains(t, total, `"verdict":"ok"`)
		published["checkout|total"] = []byte(strings.Replace(total, `"verdict":"ok"`, `"verdict":"broken split"`, 1))
		differences := s.verifier().CompareStats(published)
		require.Equal(t, decided, len(differences) > 0, "at %d", until)
	}
}

func TestNothingPublishedNothingExpected(t *testing.T) {
	s := tell(t, checkout())
	require.Empty(t, s.tick(0).verifier().CompareStats(nil))
}
