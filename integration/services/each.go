package services

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Brokers gives the seed brokers of a Kafka: all that a test of OnEach knows of it.
type Brokers func(testing.TB) []string

// Kafkas are those of OnEach by name, for tests that take turns.
var Kafkas = map[string]Brokers{"kfake": fake, "kafka": Kafka}

// OnEach runs a test on a Kafka in this process and on a real one, side by side with all others.
func OnEach(t *testing.T, test func(*testing.T, Brokers)) {
	t.Parallel()
	for name, k := range Kafkas {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

// fake starts a Kafka in this process; other processes can connect to it.
func fake(t testing.TB) []string {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c.ListenAddrs()
}
