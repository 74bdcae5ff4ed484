package split

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
)

func even(units ...int64) []Epoch {
	weights := make([]float64, len(units))
	for i := range weights {
		weights[i] = 1
	}
	return []Epoch{{Units: units, Weights: weights}}
}

func pOf(epochs []Epoch) float64 {
	logE, _ := LogE(epochs)
	var seen always.Evidence
	seen.Observe(logE, 1, Alpha)
	return seen.P()
}

func TestSequentialSplit(t *testing.T) {
	require.Equal(t, 1.0, pOf(even(5000, 5000)))
	require.Greater(t, pOf(even(5100, 4900)), 0.1)
	require.Less(t, pOf(even(51_000, 49_000)), Alpha)
	require.Less(t, pOf(even(45_489, 52_700, 47_000)), Alpha)
	// The alarm is at 6.9; a hundred units counted in the wrong epoch are an alarm by themselves.
	wrong, reason := LogE([]Epoch{{Units: []int64{100, 0}, Weights: []float64{0.1, 0.9}}})
	require.Empty(t, reason)
	require.Greater(t, wrong, -math.Log(Alpha))
}

// Ten ninety, then half and half: each epoch by its own weights, and pooling them would break a good split.
func TestEpochsAddUp(t *testing.T) {
	epochs := []Epoch{
		{Units: []int64{9012, 988}, Weights: []float64{90, 10}},
		{Units: []int64{5020, 4980}, Weights: []float64{0.5, 0.5}},
	}
	sum := 0.0
	for i := range epochs {
		logE, reason := LogE(epochs[i : i+1])
		require.Empty(t, reason)
		sum += logE
	}
	logE, reason := LogE(epochs)
	require.Empty(t, reason)
	require.InDelta(t, sum, logE, 1e-12)
	require.Less(t, logE, 0.0)
	require.Less(t, pOf(even(9012+5020, 988+4980)), Alpha)

	chi2, df, p, reason := ChiSquare(epochs)
	require.Empty(t, reason)
	require.Equal(t, 2.0, df)
	require.InDelta(t, 144.0/9000+144.0/1000+400.0/5000*2, chi2, 1e-12)
	require.InDelta(t, math.Exp(-chi2/2), p, 1e-12)
}

func TestArmsAndEpochsThatSayNothing(t *testing.T) {
	good := Epoch{Units: []int64{510, 490}, Weights: []float64{1, 1}}
	want, _ := LogE([]Epoch{good})
	got, reason := LogE([]Epoch{
		{}, {Units: []int64{1}, Weights: []float64{1, 1}}, {Units: []int64{5, 5}, Weights: []float64{1, 0}},
		{Units: []int64{5, -5}, Weights: []float64{1, 1}}, {Units: []int64{5, 5}, Weights: []float64{1, math.NaN()}},
		{Units: []int64{5, 5}, Weights: []float64{1, math.Inf(1)}},
		{Units: []int64{510, 77, 490}, Weights: []float64{1, 0, 1}},
	})
	require.Empty(t, reason)
	require.Equal(t, want, got)
	_, reason = LogE(nil)
	require.Equal(t, stats.ReasonTooFewUnits, reason)
	_, _, p, reason := ChiSquare(even(0, 0))
	require.Equal(t, stats.ReasonTooFewUnits, reason)
	require.Equal(t, 1.0, p)
}

// Unit by unit in any order, the e-value is that of the counts: it survives replays and batches.
func TestLogEIsFiniteAndSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.SliceOfN(rapid.Int64Range(0, 1e12), 2, 16).Draw(t, "units")
		logE, reason := LogE(even(units...))
		require.Empty(t, reason)
		require.False(t, math.IsNaN(logE) || math.IsInf(logE, 0))
		for i, j := 0, len(units)-1; i < j; i, j = i+1, j-1 {
			units[i], units[j] = units[j], units[i]
		}
		again, _ := LogE(even(units...))
		require.InDelta(t, logE, again, 1e-9*(1+math.Abs(logE)))
	})
}

func TestWorstSegment(t *testing.T) {
	worst, broken := Worst([]Segment{{"os=ios", 0.4}, {"hour=15", 0.0004}, {"hour=16", 0.0004}})
	require.Equal(t, Segment{"hour=15", 0.0004}, worst)
	require.False(t, broken, "0.001 over three")
	_, broken = Worst([]Segment{{"hour=15", 0.0003}, {"hour=16", 1}, {"hour=17", 1}})
	require.True(t, broken)
	worst, broken = Worst(nil)
	require.Zero(t, worst)
	require.False(t, broken)
}

func TestAssignment(t *testing.T) {
	for _, c := range []struct {
		kept, excluded int64
		p, share       float64
		verdict        string
	}{
		{0, 0, 1, 0, AssignmentOK},
		{995, 5, 1, 0.005, AssignmentOK},
		{99, 1, 1, 0.01, AssignmentWarning},
		{90, 10, 1, 0.1, AssignmentBroken},
		{99_999, 1, 0.001, 0.00001, AssignmentBroken},
	} {
		share, verdict := Assignment(c.kept, c.excluded, c.p)
		require.Equal(t, c.share, share)
		require.Equal(t, c.verdict, verdict)
	}
}

// A survey whose split holds as a whole and breaks in one hour.
func TestPublicDataNamesItsBrokenHour(t *testing.T) {
	folder := os.Getenv("ABACUS_DATA")
	if folder == "" {
		t.Skip("NOT CHECKED against adsmart: set ABACUS_DATA to the folder that holds it")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "adsmart", "AdSmartABdata.csv"))
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	arms, hours := map[string]int{"control": 0, "exposed": 1}, map[string][]int64{}
	all := []int64{0, 0}
	for _, row := range rows[1:] {
		arm, known := arms[row[at["experiment"]]]
		if !known {
			continue // the blank row
		}
		hour := "hour=" + row[at["hour"]]
		if hours[hour] == nil {
			hours[hour] = []int64{0, 0}
		}
		hours[hour][arm]++
		all[arm]++
	}
	require.Equal(t, []int64{4071, 4006}, all)
	require.Equal(t, 1.0, pOf(even(all...)))
	var segments []Segment
	for name, units := range hours {
		segments = append(segments, Segment{name, pOf(even(units...))})
	}
	worst, broken := Worst(segments)
	require.True(t, broken)
	require.Equal(t, "hour=15", worst.Name)
	require.Equal(t, []int64{1673, 222}, hours[worst.Name])
}

func TestPublishedChiSquares(t *testing.T) {
	folder := os.Getenv("ABACUS_VECTORS")
	if folder == "" {
		t.Skip("NOT CHECKED against srm_chisq.json: set ABACUS_VECTORS to the folder that holds it")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "srm_chisq.json"))
	require.NoError(t, err)
	var file struct {
		Cases []struct {
			Users   []int64
			Weights []float64
			Chi2    float64
			P       float64 `json:"hi_precision_p"`
		}
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	require.NotEmpty(t, file.Cases)
	for _, c := range file.Cases {
		chi2, _, p, _ := ChiSquare([]Epoch{{c.Users, c.Weights}})
		require.InDelta(t, c.Chi2, chi2, 1e-12*c.Chi2)
		require.InDelta(t, c.P, p, 1e-12*c.P)
	}
}
