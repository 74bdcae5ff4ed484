package operators

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/abacus-stream/abacus/integration/services"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		child()
		return
	}
	services.Main(m)
}

// kafka gives the seed brokers of a Kafka: all that a test knows of it.
type kafka func(testing.TB) []string

var kafkas = map[string]kafka{"kfake": startFake, "kafka": services.Kafka}

// onEach runs a test on kfake and on a real broker, side by side with all others.
func onEach(t *testing.T, test func(*testing.T, kafka)) {
	t.Parallel()
	for name, k := range kafkas {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

// startFake starts a Kafka in this process, for processes of the app to connect to.
func startFake(t testing.TB) []string {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	return fake.ListenAddrs()
}
