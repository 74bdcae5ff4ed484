package stats

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// truth is one right answer on a public data set; which fields are set tells its kind.
type truth struct {
	NC       int64    `json:"n_c"`
	NT       int64    `json:"n_t"`
	XC       *int64   `json:"x_c"`
	XT       int64    `json:"x_t"`
	MeanC    *float64 `json:"mean_c"`
	VarC     float64  `json:"var_c"`
	MeanT    float64  `json:"mean_t"`
	VarT     float64  `json:"var_t"`
	Theta    *float64
	Diff     float64
	Rel      float64
	SE       float64
	T        float64
	SEPooled float64 `json:"se_pooled"`
	ZPooled  float64 `json:"z_pooled"`
	PPooled  float64 `json:"p_pooled"`
	SEWald   float64 `json:"se_wald"`
	CI95     [2]float64
	Obs      []int64
	Ratio    []float64 `json:"expected_ratio"`
	Chi2     float64
	DF, P    float64
}

func TestTruthOfPublicData(t *testing.T) {
	var file map[string]json.RawMessage
	readJSON(t, reference(t, dataFolder, "truth.json"), &file)
	checked := map[string]int{}
	for _, set := range slices.Sorted(maps.Keys(file)) {
		checkTruths(t, set, file[set], checked)
	}
	require.GreaterOrEqual(t, checked[MethodPooledZ], 19)
	require.GreaterOrEqual(t, checked[MethodWelch], 26)
	require.GreaterOrEqual(t, checked["chi-square"], 11)
}

// checkTruths walks the tree of data sets down to the answers this package gives.
func checkTruths(t *testing.T, path string, raw json.RawMessage, checked map[string]int) {
	var node map[string]json.RawMessage
	if json.Unmarshal(raw, &node) != nil {
		return
	}
	var want truth
	if json.Unmarshal(raw, &want) == nil && want.check(t, path, checked) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(node)) {
		checkTruths(t, path+"/"+name, node[name], checked)
	}
}

// check recomputes the answer from its counts, means and variances.
func (w truth) check(t *testing.T, path string, checked map[string]int) bool {
	switch {
	case w.XC != nil:
		w.checkProportions(t, path)
		checked[MethodPooledZ]++
	case w.MeanC != nil:
		w.checkWelch(t, path)
		checked[MethodWelch]++
	case w.Obs != nil:
		chi2, df, p, ok := ChiSquare(w.Obs, w.Ratio)
		require.True(t, ok, path)
		near(t, w.Chi2, chi2, 1e-9, path+" chi2")
		near(t, w.DF, df, 0, path+" df")
		near(t, w.P, p, 1e-9, path+" p")
		checked["chi-square"]++
	default:
		return false
	}
	return true
}

func (w truth) checkProportions(t *testing.T, path string) {
	c := Proportions(Count{N: w.NC, X: *w.XC}, Count{N: w.NT, X: w.XT}, 0.05)
	near(t, w.Diff, c.Difference, 1e-9, path+" difference")
	near(t, w.Rel, c.Relative, 1e-9, path+" relative")
	near(t, w.SEPooled, c.SEPooled, 1e-9, path+" se pooled")
	near(t, w.ZPooled, c.Statistic, 1e-9, path+" z")
	near(t, w.PPooled, c.P, 1e-9, path+" p")
	near(t, w.SEWald, c.SE, 1e-9, path+" se")
	nearPair(t, w.CI95, c.Interval, 1e-9, path+" interval")
}

func (w truth) checkWelch(t *testing.T, path string) {
	c := Welch(Sample{N: w.NC, Mean: *w.MeanC, Variance: w.VarC}, Sample{N: w.NT, Mean: w.MeanT, Variance: w.VarT}, 0.05)
	near(t, w.Diff, c.Difference, 1e-9, path+" difference")
	near(t, w.SE, c.SE, 1e-9, path+" se")
	near(t, w.T, c.Statistic, 1e-9, path+" t")
	near(t, w.DF, c.DF, 1e-9, path+" df")
	near(t, w.P, c.P, 1e-9, path+" p")
	if w.Theta == nil { // covariate-adjusted answers divide by another mean
		near(t, w.Rel, c.Relative, 1e-9, path+" relative")
	}
}

// From the raw rows: exact sums, then the same figures.
func TestPublicRowsThroughSums(t *testing.T) {
	for _, c := range []struct {
		set, file, arm, value, answer string
		control, treatment            string
		decimals                      int
	}{
		{"cookie_cats", "cookie_cats.csv.gz", "version", "sum_gamerounds", "sum_gamerounds", "gate_30", "gate_40", 0},
		{"hillstrom", "hillstrom.csv.gz", "segment", "spend", "Mens E-Mail: spend", "No E-Mail", "Mens E-Mail", 2},
	} {
		arms := sumRows(t, reference(t, dataFolder, c.set, c.file), c.arm, c.value, c.decimals)
		var file map[string]map[string]json.RawMessage
		readJSON(t, reference(t, dataFolder, "truth.json"), &file)
		var want truth
		require.NoError(t, json.Unmarshal(file[c.set][c.answer], &want))
		control, treatment := arms[c.control].Sample(c.decimals), arms[c.treatment].Sample(c.decimals)
		require.Equal(t, strconv.FormatFloat(*want.MeanC*float64(want.NC), 'f', c.decimals, 64), arms[c.control].SumText(c.decimals))
		require.Equal(t, strconv.FormatFloat(want.MeanT*float64(want.NT), 'f', c.decimals, 64), arms[c.treatment].SumText(c.decimals))
		near(t, *want.MeanC, control.Mean, 1e-15, c.set+" mean of control")
		near(t, want.MeanT, treatment.Mean, 1e-15, c.set+" mean of treatment")
		near(t, want.VarC, control.Variance, 1e-13, c.set+" variance of control")
		near(t, want.VarT, treatment.Variance, 1e-13, c.set+" variance of treatment")
		near(t, want.P, Welch(control, treatment, 0.05).P, 1e-9, c.set+" p")
	}
}

// sumRows adds up one column of a gzipped file by arm, one row a unit.
func sumRows(t *testing.T, path, arm, value string, decimals int) map[string]*Sums {
	t.Helper()
	rows := readRows(t, path)
	armAt, valueAt := slices.Index(rows[0], arm), slices.Index(rows[0], value)
	arms := map[string]*Sums{}
	for _, row := range rows[1:] {
		if arms[row[armAt]] == nil {
			arms[row[armAt]] = &Sums{}
		}
		arms[row[armAt]].Include(scaled(t, json.Number(row[valueAt]), decimals))
	}
	return arms
}
