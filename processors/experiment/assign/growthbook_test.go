package assign

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// growthbookCases are the cases of the SDKs about hashing and ranges, a list of values each.
type growthbookCases struct {
	Hash, GetBucketRange, ChooseVariation, InNamespace, GetEqualWeights [][]json.RawMessage
}

func growthbook(t *testing.T) (file growthbookCases) {
	t.Helper()
	vectors(t, "growthbook_cases.json", &file)
	return file
}

func TestPublishedGrowthBookShares(t *testing.T) {
	cases := growthbook(t).Hash
	require.NotEmpty(t, cases)
	for _, c := range cases {
		var seed, unit string
		var g GrowthBook
		var want *float64
		row(t, c, &seed, &unit, &g.Version, &want)
		if want == nil {
			require.Error(t, g.Validate())
			continue
		}
		require.NoError(t, g.Validate())
		require.Equal(t, *want, g.Share(seed, unit), "%s", c)
	}
}

// Not of the SDKs' own cases: ids beyond ASCII, which they hash in two ways.
func TestPublishedGrowthBookSharesBeyondASCII(t *testing.T) {
	var file struct {
		Growthbook struct {
			Rows []struct {
				Seed, Value string
				Version     int
				UTF16       float64 `json:"js_utf16_code_units"`
				UTF8        float64 `json:"go_utf8_bytes"`
			}
		} `json:"growthbook_non_ascii"`
	}
	vectors(t, "bucketing_hash.json", &file)
	require.NotEmpty(t, file.Growthbook.Rows)
	for _, c := range file.Growthbook.Rows {
		require.Equal(t, c.UTF8, GrowthBook{Version: c.Version}.Share(c.Seed, c.Value), c)
		require.Equal(t, c.UTF16, GrowthBook{Version: c.Version, UTF16: true}.Share(c.Seed, c.Value), c)
	}
}

func TestPublishedGrowthBookRanges(t *testing.T) {
	cases := growthbook(t).GetBucketRange
	require.NotEmpty(t, cases)
	for _, c := range cases {
		var name string
		var in []json.RawMessage
		var want [][2]float64
		row(t, c, &name, &in, &want)
		var variants int
		var coverage float64
		var weights []float64
		row(t, in, &variants, &coverage, &weights)
		got := Ranges(GrowthBook{}.Weights(weights, variants), coverage)
		require.Len(t, got, len(want), name)
		for i, r := range got {
			require.InDelta(t, want[i][0], r.From, 1e-15, name)
			require.InDelta(t, want[i][1], r.To, 1e-15, name)
		}
	}
}

func TestPublishedGrowthBookChoices(t *testing.T) {
	cases := growthbook(t).ChooseVariation
	require.NotEmpty(t, cases)
	for _, c := range cases {
		var name string
		var share float64
		var pairs [][2]float64
		var want int
		row(t, c, &name, &share, &pairs, &want)
		var ranges []Range
		for _, p := range pairs {
			ranges = append(ranges, Range{p[0], p[1]})
		}
		require.Equal(t, want, Choose(share, ranges), name)
	}
}

func TestPublishedGrowthBookNamespaces(t *testing.T) {
	cases := growthbook(t).InNamespace
	require.NotEmpty(t, cases)
	for _, c := range cases {
		var name, unit, namespace string
		var part []json.RawMessage
		var from, to float64
		var want bool
		row(t, c, &name, &unit, &part, &want)
		row(t, part, &namespace, &from, &to)
		require.Equal(t, want, GrowthBook{}.Draws(namespace, from, to, unit), name)
	}
}

// The source prints eight digits of a third.
func TestPublishedGrowthBookEqualWeights(t *testing.T) {
	cases := growthbook(t).GetEqualWeights
	require.NotEmpty(t, cases)
	for _, c := range cases {
		var variants int
		var want []float64
		row(t, c, &variants, &want)
		got := GrowthBook{}.Weights(nil, variants)
		require.Len(t, got, len(want))
		require.InDeltaSlice(t, want, got, 1e-8)
	}
}
