package always

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// vectors decodes a published file in the folder that ABACUS_VECTORS names; the test is skipped where it is unset.
func vectors(t *testing.T, name string, v any) {
	t.Helper()
	folder := os.Getenv("ABACUS_VECTORS")
	if folder == "" {
		t.Skipf("NOT CHECKED against %s: set ABACUS_VECTORS to the folder that holds it", name)
	}
	raw, err := os.ReadFile(filepath.Join(folder, name))
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
