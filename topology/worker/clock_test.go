package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAClockThatIsSet(t *testing.T) {
	for _, c := range []struct{ wall, steady, by int64 }{
		{50, 50, 0}, {51, 50, 0}, {149, 50, 0}, {150, 50, 100}, {3_600_050, 50, 3_600_000}, {-3_599_950, 50, -3_600_000}, {100_000, 100_000, 0},
	} {
		require.Equal(t, c.by, clockSet(c.wall, c.steady), "%d ms in %d", c.wall, c.steady)
	}
}

func TestSaidOnceInAWhile(t *testing.T) {
	var s seldom
	require.True(t, s.due(start))
	require.False(t, s.due(start.Add(saidEvery-1)))
	require.True(t, s.due(start.Add(saidEvery)))
	require.False(t, s.due(start.Add(saidEvery+time.Second)))
}
