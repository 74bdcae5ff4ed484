package units

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
)

// The abacus.error header is never empty: each reason alone tells a producer what to mend.
func TestEveryFaultSaysWhatToMend(t *testing.T) {
	for fault := event.TooLarge; fault <= event.RetractTooLate; fault++ {
		require.Error(t, faults[fault], "%s", fault)
	}
	require.Len(t, faults, int(event.RetractTooLate))
}
