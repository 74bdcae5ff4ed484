package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Quantiles of a column are those of its sorted numbers, within 1 %, and a slow variant is told from chance.
func TestReplayQuantiles(t *testing.T) {
	var text strings.Builder
	text.WriteString("user,arm,ms\n")
	dice := rand.New(rand.NewPCG(3, 4))
	sorted := map[string][]float64{}
	for i := range 3000 {
		arm, slow := []string{"old", "new"}[i%2], []float64{1, 1.3}[i%2]
		ms := fmt.Sprintf("%.2f", 200*slow*(0.3+dice.ExpFloat64()))
		var x float64
		_, err := fmt.Sscan(ms, &x)
		require.NoError(t, err)
		sorted[arm] = append(sorted[arm], x)
		fmt.Fprintf(&text, "u%d,%s,%s\n", i, arm, ms)
	}
	text.WriteString("blank,old,\n")
	file := filepath.Join(t.TempDir(), "latency.csv")
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))

	rec := replayed(t, file, "latency", "--unit", "user", "--variant", "arm", "--control", "old", "--metric", "latency=quantile:ms")
	m := rec.Metrics["latency"]
	for arm, values := range sorted {
		slices.Sort(values)
		require.EqualValues(t, len(values), *m.Variants[arm].N, "a blank is no value")
		for name, q := range map[string]float64{"0.5": 0.5, "0.95": 0.95, "0.99": 0.99} {
			got, ok := m.Variants[arm].Quantiles[name].Float()
			require.True(t, ok)
			require.InEpsilon(t, values[int(q*float64(len(values)-1))], got, 0.0101, name)
		}
	}
	p, ok := m.Comparisons["new"].P.Float()
	require.True(t, ok, m.Comparisons["new"].Reason)
	require.Less(t, p, 0.001)
	require.Empty(t, m.Comparisons["new"].Verdict)
}
