package cells_test

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// answer is one right answer of truth.json; means have no z, conversions no t.
type answer struct {
	NC   int64      `json:"n_c"`
	NT   int64      `json:"n_t"`
	Diff float64    `json:"diff"`
	Rel  float64    `json:"rel"`
	T    float64    `json:"t"`
	DF   float64    `json:"df"`
	P    float64    `json:"p"`
	Z    float64    `json:"z_pooled"`
	PZ   float64    `json:"p_pooled"`
	CI   [2]float64 `json:"ci95"`
	Chi2 float64    `json:"chi2"`
}

// published data sets are no part of the project: the environment names their folder.
func dataset(t *testing.T, name ...string) string {
	t.Helper()
	folder := os.Getenv("ABACUS_DATA")
	if folder == "" {
		t.Skipf("NOT CHECKED against %s: set ABACUS_DATA to the folder that holds it", filepath.Join(name...))
	}
	return filepath.Join(append([]string{folder}, name...)...)
}

// answers reads the part of truth.json at a path.
func answers(t *testing.T, path ...string) (a answer) {
	t.Helper()
	raw, err := os.ReadFile(dataset(t, "truth.json"))
	require.NoError(t, err)
	for _, name := range path {
		var node map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &node))
		raw = node[name]
	}
	require.NoError(t, json.Unmarshal(raw, &a))
	return a
}

func rowsOf(t *testing.T, name ...string) [][]string {
	t.Helper()
	path := dataset(t, name...)
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var in io.Reader = bufio.NewReader(file)
	if strings.HasSuffix(path, ".gz") {
		in, err = gzip.NewReader(in)
		require.NoError(t, err)
	}
	rows, err := csv.NewReader(in).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

// feed sends units to stage 2 as one delta each thousand, and gives the total.
func feed(t *testing.T, e experiment.Entry, units []unit) *result.Record {
	t.Helper()
	b := newBench(t)
	b.define(e)
	var d *experiment.Delta
	for i, u := range units {
		if d == nil {
			d = &experiment.Delta{Run: 1, Version: 1, Cells: make([]experiment.CellDelta, 2)}
			for v := range d.Cells {
				d.Cells[v] = experiment.CellDelta{Variant: v, Epoch: 1, Live: make([]stats.Sums, len(e.Versions[0].Definition.Metrics))}
			}
		}
		c := &d.Cells[u.variant]
		c.Units++
		c.FirstSeen++
		for m, v := range u.totals {
			c.Live[m].Replace(0, v)
		}
		if i%1000 == 999 || i == len(units)-1 {
			b.delta(e.Experiment, d)
			d = nil
		}
	}
	b.settle()
	return b.last()[result.TotalKey(e.Experiment)]
}

type unit struct {
	variant int
	totals  []int64
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

func near(t *testing.T, want float64, got result.Number) {
	t.Helper()
	require.InEpsilon(t, want, num(t, got), 1e-9)
}

func conversionIs(t *testing.T, a answer, r *result.Record, metric string) {
	t.Helper()
	require.Equal(t, a.NC, *r.Metrics[metric].Variants["control"].N)
	require.Equal(t, a.NT, *r.Metrics[metric].Variants["treatment"].N)
	c := r.Metrics[metric].Comparisons["treatment"]
	near(t, a.Diff, c.Difference)
	near(t, a.Rel, c.Relative)
	near(t, a.Z, c.Statistic)
	near(t, a.PZ, c.P)
	near(t, a.CI[0], c.Interval[0])
	near(t, a.CI[1], c.Interval[1])
}

func TestTruthOfCookieCats(t *testing.T) {
	var units []unit
	for _, row := range rowsOf(t, "cookie_cats", "cookie_cats.csv.gz") {
		rounds, err := strconv.ParseInt(row[2], 10, 64)
		require.NoError(t, err)
		units = append(units, unit{int(flag(row[1] == "gate_40")), []int64{flag(row[3] == "TRUE"), flag(row[4] == "TRUE"), rounds}})
	}
	zero := 0
	r := feed(t, entry(func(d *experiment.Definition) {
		d.Metrics = []experiment.Metric{{Name: "day1", Kind: "conversion"}, {Name: "day7", Kind: "conversion"}, {Name: "rounds", Kind: "mean", Decimals: &zero}}
	}), units)
	conversionIs(t, answers(t, "cookie_cats", "retention_1"), r, "day1")
	conversionIs(t, answers(t, "cookie_cats", "retention_7"), r, "day7")
	a, c := answers(t, "cookie_cats", "sum_gamerounds"), r.Metrics["rounds"].Comparisons["treatment"]
	near(t, a.Diff, c.Difference)
	near(t, a.T, c.Statistic)
	near(t, a.DF, c.DF)
	near(t, a.P, c.P)
	split := answers(t, "cookie_cats", "srm_50_50")
	near(t, split.Chi2, r.Split.Chi2)
	near(t, split.P, r.Split.PChi2)
	require.Equal(t, "ok", r.Split.Verdict, "0.0086 is not below 0.001")
}

func TestTruthOfAudacity(t *testing.T) {
	at, order := map[string]int{}, []unit{}
	for _, row := range rowsOf(t, "audacity", "homepage_actions.csv") {
		i, known := at[row[1]]
		if !known {
			i = len(order)
			at[row[1]] = i
			order = append(order, unit{int(flag(row[2] == "experiment")), make([]int64, 1)})
		}
		if row[3] == "click" {
			order[i].totals[0] = 1
		}
	}
	r := feed(t, entry(func(d *experiment.Definition) {
		d.Metrics = []experiment.Metric{{Name: "click", Kind: "conversion"}}
	}), order)
	conversionIs(t, answers(t, "audacity", "homepage", "ctr_unique"), r, "click")
	split := answers(t, "audacity", "homepage", "srm")
	near(t, split.Chi2, r.Split.Chi2)
	near(t, split.P, r.Split.PChi2)
	require.InEpsilon(t, inverse(evidence(1000, 2, []int64{1, 1}, []int64{3332, 2996})), num(t, r.Split.PSequential), 1e-8)
	require.Equal(t, "ok", r.Split.Verdict, "0.0013: one that watches does not cry yet")
	require.Contains(t, r.Split.Reason, "analysed_split", "one that looks once may")
}
