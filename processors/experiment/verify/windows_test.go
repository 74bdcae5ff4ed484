package verify_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func key(grain string, at int64) string { return fmt.Sprintf("checkout|%s|%d", grain, base+at) }

func TestWindowsAreIncrementsByEventTime(t *testing.T) {
	s := tell(t, checkout())
	s.expose("x", "u", "A", 0).buy("1", "u", "1", 900).buy("2", "u", "2.5", 1000).expose("y", "w", "B", 59_999).buy("3", "w", "4", 60_000)
	windows := s.expected().Windows
	require.Len(t, windows, 6)
	require.Equal(t, int64(1), windows[key("1s", 0)].UnitsNew["A"])
	require.Equal(t, int64(1), windows[key("1s", 0)].Metrics["revenue"]["A"].N)
	require.Equal(t, int64(250), windows[key("1s", 1000)].Metrics["revenue"]["A"].Sum.Int64())
	minute := windows[key("60s", 0)]
	require.Equal(t, map[string]int64{"A": 1, "B": 1}, minute.UnitsNew)
	require.Equal(t, int64(350), minute.Metrics["revenue"]["A"].Sum.Int64())
	require.Equal(t, int64(2), minute.Metrics["bought"]["A"].N, "of a conversion every event")
	require.Equal(t, int64(400), windows[key("60s", 60_000)].Metrics["revenue"]["B"].Sum.Int64())
	require.Zero(t, minute.Revision)
}

func TestWindowsFollowReevaluation(t *testing.T) {
	s := tell(t, checkout())
	s.expose("x", "u", "A", 1000).buy("1", "u", "1", 2000)
	require.Contains(t, s.expected().Windows, key("1s", 2000))
	s.retract("r", "u", "1", 2500)
	require.NotContains(t, s.expected().Windows, key("1s", 2000))
	s.expose("y", "u", "B", 3000)
	require.Empty(t, s.expected().Windows)
}

func TestRevisionCountsChangesAfterEndAndGrace(t *testing.T) {
	s := tell(t, checkout())
	s.expose("x", "u", "A", 0).tick(6999).buy("1", "u", "1", 1000)
	require.Zero(t, s.expected().Windows[key("1s", 1000)].Revision)
	s.tick(7000).buy("2", "u", "1", 1000).buy("2", "u", "1", 1000).buy("3", "u", "1", 900)
	x := s.expected()
	require.Equal(t, int64(1), x.Windows[key("1s", 1000)].Revision)
	require.Equal(t, int64(1), x.Windows[key("1s", 0)].Revision)
	require.Equal(t, int64(2), x.Windows[key("60s", 0)].Revision)
	s.expose("y", "u", "B", 0)
	require.Equal(t, int64(2), s.expected().Windows[key("1s", 0)].Revision, "an exclusion changes it as well, and leaves nothing else")
	require.Zero(t, s.expected().Windows[key("1s", 0)].UnitsNew["A"])
}
