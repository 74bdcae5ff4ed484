package services

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Kafka gives the seed brokers of the real Kafka of this test binary, and starts it for the first
// test that asks. Without java or mvn the test is skipped, under CI it fails.
func Kafka(t testing.TB) []string {
	t.Helper()
	if addr := os.Getenv("ABACUS_TEST_KAFKA"); addr != "" {
		return []string{addr}
	}
	return []string{OwnKafka(t).Addr}
}

// OwnKafka is the Kafka of this test binary for tests that restart it: never one that runs already.
func OwnKafka(t testing.TB) *Broker {
	t.Helper()
	demandMain(t)
	shared.Lock()
	defer shared.Unlock()
	if os.Getenv("ABACUS_TEST_KAFKA") != "" {
		t.Skip("ABACUS_TEST_KAFKA names a Kafka that is not ours to restart")
	}
	if shared.kafka != nil {
		return shared.kafka
	}
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			unavailable(t, "Kafka", fmt.Errorf("%w; or name a running one by ABACUS_TEST_KAFKA", err))
		}
	}
	began := time.Now()
	b, err := newBroker()
	if err != nil {
		t.Fatalf("Kafka: %v", err)
	}
	shared.kafka, shared.ending = b, append(shared.ending, b.end)
	say("Apache Kafka %s on %s, process %d, up after %s, log %s", kafkaVersion, b.Addr, b.process.cmd.Process.Pid, time.Since(began).Round(time.Millisecond), b.log())
	return b
}
