package assign

import (
	"encoding/json"
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

// row decodes a list of values of several types, as published cases are; null leaves its target as it is.
func row(t *testing.T, raw []json.RawMessage, targets ...any) {
	t.Helper()
	require.Len(t, raw, len(targets), "%s", raw)
	for i, target := range targets {
		require.NoError(t, json.Unmarshal(raw[i], target), "%s", raw[i])
	}
}
