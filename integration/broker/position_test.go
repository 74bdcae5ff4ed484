package broker

import (
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/positions"
)

// positionsAgree compares, once the app has stopped, the group's committed offsets with the
// positions in the changelogs: each pair was written by one transaction.
func (s *scene) positionsAgree() {
	s.t.Helper()
	topo, err := counting(s.app)
	require.NoError(s.t, err)
	compared := 0
	for _, n := range positions.Agree(s.t, s.brokers, topo) {
		compared += n
	}
	require.Equal(s.t, 2*partitions, compared)
}
