package assign

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/murmur3"
)

// Other systems' bucketing, over the hashes, ranges and choice of this package wherever they have them.
type otherCases struct {
	Optimizely struct{ Rows [][2]any }
	Flag       struct {
		Rows []struct {
			Text          *string `json:"fnv32a"`
			Flag, Key     string
			Max, Expected uint32
		}
	} `json:"go_feature_flag"`
	Bucketeer struct {
		Rows []struct {
			Input      string
			High, Low  uint64
			Normalized float64
		}
	}
	Planout struct {
		Rows []planoutCase
	}
	Flagd struct {
		Hashes    map[string]string `json:"edge_hashes"`
		Scenarios []struct {
			Flag   string
			Tables []struct{ Rows [][]string }
		}
	} `json:"flagd_fractional"`
}

type planoutCase struct {
	Salt       string  `json:"exp_salt"`
	User       int     `json:"userid"`
	GroupSizes []int   `json:"group_size_of"`
	GoalP      float64 `json:"specific_goal_p"`
	Ratings    []int   `json:"ratings_of"`
	Op         string
	ParamSalt  string `json:"salt"`
	Unit       int
	Choices    []string
	Weights    []float64
	Expected   any
}

func others(t *testing.T) (file otherCases) {
	t.Helper()
	vectors(t, "bucketing_hash.json", &file)
	return file
}

// The share is the upper part of the 128 bits, over all of them.
func TestPublishedMurmur128(t *testing.T) {
	rows := others(t).Bucketeer.Rows
	require.NotEmpty(t, rows)
	for _, c := range rows {
		high, low := murmur3.StringSum128(c.Input)
		require.Equal(t, [2]uint64{c.High, c.Low}, [2]uint64{high, low})
		require.InDelta(t, c.Normalized, shareOf(c.Input), 1e-15)
	}
}

func TestPublishedMurmur32(t *testing.T) {
	file := others(t)
	require.NotEmpty(t, file.Optimizely.Rows)
	for _, c := range file.Optimizely.Rows {
		hash := murmur3.SeedStringSum32(1, c[0].(string))
		require.Equal(t, c[1], float64(uint64(hash)*10_000>>32))
	}
	require.NotEmpty(t, file.Flagd.Hashes)
	for key, want := range file.Flagd.Hashes {
		require.Equal(t, want, "0x"+strconv.FormatUint(uint64(murmur3.StringSum32(key)), 16))
	}
}

// The edges of a half: the flags of the other scenarios are not part of the vectors.
func TestPublishedEdgesOfAHalf(t *testing.T) {
	halves, found := Ranges([]float64{0.5, 0.5}, 1), 0
	for _, s := range others(t).Flagd.Scenarios {
		if s.Flag != "fractional-hash-edge-flag" {
			continue
		}
		for _, c := range s.Tables[0].Rows[1:] {
			found++
			share := float64(murmur3.StringSum32(c[0])) / (1 << 32)
			require.Equal(t, c[1], []string{"lower", "upper"}[Choose(share, halves)], c[0])
		}
	}
	require.NotZero(t, found)
}

func TestPublishedFNV(t *testing.T) {
	rows := others(t).Flag.Rows
	require.NotEmpty(t, rows)
	for _, c := range rows {
		if c.Text != nil {
			require.Equal(t, c.Expected, GrowthBook{}.fnv(*c.Text))
			continue
		}
		require.Equal(t, c.Expected, GrowthBook{}.fnv(c.Flag+c.Key)%c.Max)
	}
}

func TestPublishedPlanOut(t *testing.T) {
	rows := others(t).Planout.Rows
	require.NotEmpty(t, rows)
	for _, c := range rows {
		if c.Op == "weightedChoice" {
			sum := 0.0
			for _, w := range c.Weights {
				sum += w
			}
			_, share := planout(t, c.Salt, c.ParamSalt, c.Unit)
			require.Equal(t, c.Expected, c.Choices[Choose(share*sum, Ranges(c.Weights, 1))])
			continue
		}
		size, _ := planout(t, c.Salt, "group_size", c.User)
		ratings, _ := planout(t, c.Salt, "ratings_per_user_goal", c.User)
		_, share := planout(t, c.Salt, "specific_goal", c.User)
		got := map[string]any{
			"specific_goal": 1 - float64(Choose(share, Ranges([]float64{c.GoalP, 1 - c.GoalP}, 1))),
			"ratings_goal":  float64(c.GroupSizes[size%uint64(len(c.GroupSizes))] * c.Ratings[ratings%uint64(len(c.Ratings))]),
		}
		require.Equal(t, c.Expected, got)
	}
}

// planout is the first 60 bits of the SHA-1 of both salts and the unit, and their share of all.
func planout(t *testing.T, salt, param string, unit int) (hash uint64, share float64) {
	t.Helper()
	sum := sha1.Sum([]byte(fmt.Sprintf("%s.%s.%d", salt, param, unit)))
	hash, err := strconv.ParseUint(hex.EncodeToString(sum[:])[:15], 16, 64)
	require.NoError(t, err)
	return hash, float64(hash) / 0xFFFFFFFFFFFFFFF
}
