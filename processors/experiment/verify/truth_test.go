package verify_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// dataset reads a public data set from the folder named by ABACUS_DATA: a row by column name. truth is its section of the
// figures that a correct run must reproduce.
func dataset(t *testing.T, name string, truth any) []map[string]string {
	folder := os.Getenv("ABACUS_DATA")
	if folder == "" {
		t.Skip("SKIPPED: ABACUS_DATA does not name the folder of public data sets; figures of real experiments are not checked")
	}
	text, err := os.ReadFile(filepath.Join(folder, "truth.json"))
	require.NoError(t, err)
	sections := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(text, &sections))
	require.NoError(t, json.Unmarshal(sections[name], truth))

	packed, err := os.ReadFile(filepath.Join(folder, name, name+".csv.gz"))
	require.NoError(t, err)
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	lines, err := csv.NewReader(unpacked).ReadAll()
	require.NoError(t, err)
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// history is a definition of unlimited windows, as a replay makes it.
func history(name, control string, arms []string, metrics ...experiment.Metric) experiment.Definition {
	d := experiment.Definition{Experiment: name, Control: control, Metrics: metrics}
	for _, arm := range arms {
		d.Variants = append(d.Variants, experiment.Variant{Name: arm, Weight: 1})
	}
	for i := range d.Metrics {
		d.Metrics[i].Window, d.Metrics[i].Event = experiment.Unlimited, "row"
	}
	return d
}

// proportion and sample are figures of truth.json.
type proportion struct {
	N0 int64   `json:"n_c"`
	X0 int64   `json:"x_c"`
	N1 int64   `json:"n_t"`
	X1 int64   `json:"x_t"`
	Z  float64 `json:"z_pooled"`
	P  float64 `json:"p_pooled"`
}

type sample struct {
	N0 int64   `json:"n_c"`
	M0 float64 `json:"mean_c"`
	V0 float64 `json:"var_c"`
	M1 float64 `json:"mean_t"`
	V1 float64 `json:"var_t"`
	T  float64 `json:"t"`
	P  float64 `json:"p"`
}

func near(t *testing.T, want float64, got result.Number) {
	t.Helper()
	x, ok := got.Float()
	require.True(t, ok)
	require.InEpsilon(t, want, x, 1e-9)
}

func (p proportion) check(t *testing.T, m result.Metric, control, treatment string) {
	t.Helper()
	require.Equal(t, []int64{p.N0, p.N1}, []int64{*m.Variants[control].N, *m.Variants[treatment].N})
	require.Equal(t, fmt.Sprint(p.X0, p.X1), m.Variants[control].Sum+" "+m.Variants[treatment].Sum)
	near(t, p.Z, m.Comparisons[treatment].Statistic)
	near(t, p.P, m.Comparisons[treatment].P)
}

func (s sample) check(t *testing.T, m result.Metric, control, treatment string) {
	t.Helper()
	near(t, s.M0, m.Variants[control].Mean)
	near(t, s.V0, m.Variants[control].Variance)
	near(t, s.M1, m.Variants[treatment].Mean)
	near(t, s.V1, m.Variants[treatment].Variance)
	near(t, s.T, m.Comparisons[treatment].Statistic)
	near(t, s.P, m.Comparisons[treatment].P)
}

func TestCookieCats(t *testing.T) {
	var truth struct {
		Retention1 proportion `json:"retention_1"`
		Retention7 proportion `json:"retention_7"`
		Rounds     sample     `json:"sum_gamerounds"`
		Capped     sample     `json:"sum_gamerounds_winsorised_at_500"`
	}
	rows := dataset(t, "cookie_cats", &truth)
	s := tell(t, history("cats", "gate_30", []string{"gate_30", "gate_40"},
		experiment.Metric{Name: "day1", Kind: "conversion", Where: "day1=TRUE"},
		experiment.Metric{Name: "day7", Kind: "conversion", Where: "day7=TRUE"},
		experiment.Metric{Name: "rounds", Kind: "mean", Decimals: new(0)},
		experiment.Metric{Name: "capped", Kind: "mean", Decimals: new(0), Cap: new(experiment.Amount("500"))},
	))
	s.in.Partitions = 4
	for i, row := range rows {
		unit, props := row["userid"], more{"props": more{"day1": row["retention_1"], "day7": row["retention_7"]}}
		s.put("exposure", "x", unit, int64(i), more{"experiment": "cats", "variant": row["version"]})
		s.put("row", "r", unit, int64(i), more{"value": row["sum_gamerounds"]}, props)
	}
	rec := s.verifier().Publish()["cats|total"]
	truth.Retention1.check(t, rec.Metrics["day1"], "gate_30", "gate_40")
	truth.Retention7.check(t, rec.Metrics["day7"], "gate_30", "gate_40")
	truth.Rounds.check(t, rec.Metrics["rounds"], "gate_30", "gate_40")
	truth.Capped.check(t, rec.Metrics["capped"], "gate_30", "gate_40")
	require.Equal(t, "2344795 2333530", rec.Metrics["rounds"].Variants["gate_30"].Sum+" "+rec.Metrics["rounds"].Variants["gate_40"].Sum)
}

func TestHillstrom(t *testing.T) {
	truth := map[string]json.RawMessage{}
	rows := dataset(t, "hillstrom", &truth)
	s := tell(t, history("mail", "No E-Mail", []string{"No E-Mail", "Mens E-Mail", "Womens E-Mail"},
		experiment.Metric{Name: "visit", Kind: "conversion", Where: "visit=1"},
		experiment.Metric{Name: "conversion", Kind: "conversion", Where: "conversion=1"},
		experiment.Metric{Name: "spend", Kind: "mean", Decimals: new(2)},
	))
	s.in.Partitions = 4
	for i, row := range rows {
		unit, props := fmt.Sprint(i), more{"props": more{"visit": row["visit"], "conversion": row["conversion"]}}
		s.put("exposure", "x", unit, int64(i), more{"experiment": "mail", "variant": row["segment"]})
		s.put("row", "r", unit, int64(i), more{"value": row["spend"]}, props)
	}
	rec := s.verifier().Publish()["mail|total"]
	for _, arm := range []string{"Mens E-Mail", "Womens E-Mail"} {
		for _, name := range []string{"visit", "conversion"} {
			var p proportion
			require.NoError(t, json.Unmarshal(truth[arm+": "+name], &p), arm+": "+name)
			p.check(t, rec.Metrics[name], "No E-Mail", arm)
		}
		var spend sample
		require.NoError(t, json.Unmarshal(truth[arm+": spend"], &spend))
		spend.check(t, rec.Metrics["spend"], "No E-Mail", arm)
	}
}
