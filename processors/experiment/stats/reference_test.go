package stats

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Folders of published vectors and of public data sets; neither is part of the project.
const (
	vectorsFolder = "ABACUS_VECTORS"
	dataFolder    = "ABACUS_DATA"
)

// reference is the path of a file in the folder that the environment variable names; the test is skipped where it is unset.
func reference(t *testing.T, variable string, name ...string) string {
	t.Helper()
	folder := os.Getenv(variable)
	if folder == "" {
		t.Skipf("NOT CHECKED against %s: set %s to the folder that holds it", filepath.Join(name...), variable)
	}
	return filepath.Join(append([]string{folder}, name...)...)
}

// readJSON decodes a reference file into v.
func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, v))
}

// near requires a relative error of at most tolerance.
func near(t *testing.T, want, got, tolerance float64, what string) {
	t.Helper()
	if want == got {
		return
	}
	require.LessOrEqual(t, math.Abs(got-want), tolerance*math.Abs(want), "%s: want %v, got %v", what, want, got)
}

// asPrinted requires agreement to the last digit of a printed number, which may be rounded or cut off; whole ones are exact.
func asPrinted(t *testing.T, text json.Number, got float64) {
	t.Helper()
	want, err := text.Float64()
	require.NoError(t, err)
	digits, exponent, _ := strings.Cut(text.String(), "e")
	_, decimals, _ := strings.Cut(digits, ".")
	power, _ := strconv.Atoi(exponent) // 0 where there is none
	tolerance := 0.0
	if decimals != "" {
		tolerance = math.Pow10(power - len(decimals))
	}
	require.InDelta(t, want, got, tolerance, "printed %s", text)
}

// nearPair is near for both ends of an interval.
func nearPair(t *testing.T, want, got [2]float64, tolerance float64, what string) {
	t.Helper()
	near(t, want[0], got[0], tolerance, what+" lower")
	near(t, want[1], got[1], tolerance, what+" upper")
}

// missing requires that every figure is not available.
func missing(t *testing.T, figures ...float64) {
	t.Helper()
	for i, f := range figures {
		require.True(t, math.IsNaN(f), "figure %d is %v", i, f)
	}
}
