package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Who has no Java is told what to do.
func TestWithoutJava(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	require.ErrorContains(t, findJava(), withoutJava)
}
