package pipeline

import (
	"testing"

	"github.com/abacus-stream/abacus/integration/services"
)

func TestMain(m *testing.M) { services.Main(m) }

type kafka services.Brokers

func onEach(t *testing.T, test func(*testing.T, kafka)) {
	services.OnEach(t, func(t *testing.T, k services.Brokers) { test(t, kafka(k)) })
}
