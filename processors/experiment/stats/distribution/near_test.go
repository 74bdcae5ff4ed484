package distribution

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// near requires a relative error of at most tolerance.
func near(t *testing.T, want, got, tolerance float64, what string) {
	t.Helper()
	if want == got {
		return
	}
	require.LessOrEqual(t, math.Abs(got-want), tolerance*math.Abs(want), "%s: want %v, got %v", what, want, got)
}
