package stats

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Covariates and ratios of public data, from the raw rows.
func TestPublicRowsThroughJointSums(t *testing.T) {
	for _, c := range []struct {
		set, file, arm, control, treatment string
		totals                             [2]string
		decimals                           [2]int
		answer                             string
		compare                            func(a, b []Joint, decimals [2]int, alpha float64) Comparison
	}{
		{"artea", "artea-a_b-experiment.csv", "test_coupon", "0", "1", [2]string{"revenue_after", "num_past_purch"}, [2]int{6, 0}, "revenue_after CUPED on num_past_purch", Adjusted},
		{"artea", "artea-a_b-experiment.csv", "test_coupon", "0", "1", [2]string{"revenue_after", "shopping_cart"}, [2]int{6, 0}, "revenue_after CUPED on shopping_cart", Adjusted},
		{"artea", "artea-a_b-experiment.csv", "test_coupon", "0", "1", [2]string{"revenue_after", "spent_last_purchase"}, [2]int{6, 6}, "revenue_after CUPED on spent_last_purchase", Adjusted},
		{"hillstrom", "hillstrom.csv.gz", "segment", "No E-Mail", "Mens E-Mail", [2]string{"spend", "history"}, [2]int{6, 6}, "Mens E-Mail: spend CUPED on history", Adjusted},
		{"hillstrom", "hillstrom.csv.gz", "segment", "No E-Mail", "Womens E-Mail", [2]string{"spend", "conversion"}, [2]int{6, 0}, "Womens E-Mail: spend per conversion (delta)", Ratio},
		{"hillstrom", "hillstrom.csv.gz", "segment", "No E-Mail", "Mens E-Mail", [2]string{"spend", "conversion"}, [2]int{6, 0}, "Mens E-Mail: spend per conversion (delta)", Ratio},
	} {
		var file map[string]map[string]json.RawMessage
		readJSON(t, reference(t, dataFolder, "truth.json"), &file)
		var want struct {
			truth
			Z *float64
		}
		require.NoError(t, json.Unmarshal(file[c.set][c.answer], &want), c.answer)
		arms := joinRows(t, reference(t, dataFolder, c.set, c.file), c.arm, c.totals, c.decimals)
		got := c.compare([]Joint{arms[c.control]}, []Joint{arms[c.treatment]}, c.decimals, 0.05)
		near(t, want.Diff, got.Difference, 1e-11, c.answer+" difference")
		near(t, want.SE, got.SE, 1e-11, c.answer+" se")
		near(t, want.P, got.P, 1e-10, c.answer+" p")
		if want.Z != nil {
			near(t, *want.Z, got.Statistic, 1e-11, c.answer+" z")
			continue
		}
		near(t, *want.Theta, got.Theta, 1e-11, c.answer+" theta")
		near(t, want.DF, got.DF, 1e-10, c.answer+" df")
		near(t, want.Diff/arms[c.control].Sums(0).Sample(c.decimals[0]).Mean, got.Relative, 1e-10, c.answer+" relative to the unadjusted mean")
	}
}

// joinRows adds up two columns of a file by arm, one row a unit.
func joinRows(t *testing.T, path, arm string, totals [2]string, decimals [2]int) map[string]Joint {
	t.Helper()
	rows := readRows(t, path)
	at := func(name string) int { return slices.Index(rows[0], name) }
	arms := map[string]Joint{}
	for _, row := range rows[1:] {
		j := arms[row[at(arm)]]
		j.Include(scaled(t, json.Number(row[at(totals[0])]), decimals[0]), scaled(t, json.Number(row[at(totals[1])]), decimals[1]))
		arms[row[at(arm)]] = j
	}
	return arms
}

// readRows reads a CSV file, gzipped or with a byte order mark.
func readRows(t *testing.T, path string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	if strings.HasSuffix(path, ".gz") {
		plain, err := gzip.NewReader(bufio.NewReader(bytes.NewReader(raw)))
		require.NoError(t, err)
		raw, err = io.ReadAll(plain)
		require.NoError(t, err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))).ReadAll()
	require.NoError(t, err)
	return rows
}
