package stats

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
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
