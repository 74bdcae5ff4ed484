package pipeline

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// cluster is a Kafka that tests use by its addresses alone.
type cluster struct {
	Brokers []string
	close   func()
}

// startCluster gives the broker that the environment names, else one in this process.
func startCluster(t testing.TB) *cluster {
	t.Helper()
	if brokers := os.Getenv("ABACUS_TEST_KAFKA"); brokers != "" {
		return &cluster{Brokers: strings.Split(brokers, ","), close: func() {}}
	}
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	require.NoError(t, err)
	return &cluster{Brokers: fake.ListenAddrs(), close: fake.Close}
}
