package services

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// oldestJava is the oldest release that runs the broker.
const oldestJava = 17

// Kafka gives the seed brokers of the real Kafka of this test binary, and starts it for the first
// test that asks. Where it cannot be had the test is skipped, under CI it fails.
func Kafka(t testing.TB) []string {
	t.Helper()
	if addrs := os.Getenv("ABACUS_TEST_KAFKA"); addrs != "" {
		return strings.Split(addrs, ",")
	}
	return []string{OwnKafka(t).Addr}
}

// OwnKafka is the Kafka of this test binary for tests that restart it: never one that runs already.
func OwnKafka(t testing.TB) *Broker {
	t.Helper()
	demandMain(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.kafka != nil {
		return shared.kafka
	}
	dir, err := findJars()
	if err != nil {
		unavailable(t, "Kafka", fmt.Errorf("%w; or name a running one by ABACUS_TEST_KAFKA", err))
	}
	began := time.Now()
	b, err := newBroker(dir)
	if err != nil {
		t.Fatalf("Kafka: %v", err)
	}
	shared.kafka, shared.ending = b, append(shared.ending, b.end)
	say("Apache Kafka %s on %s, process %d, up after %s, log %s", kafkaVersion, b.Addr, b.process.cmd.Process.Pid, time.Since(began).Round(time.Millisecond), b.log())
	return b
}

// kafkaJars gives the folder of the broker's jars once there is a Java that runs them.
func kafkaJars() (string, error) {
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	out, err := exec.Command("java", "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("java -version: %w: %s", err, out)
	}
	if release := javaRelease(string(out)); release < oldestJava {
		return "", fmt.Errorf("java is of release %d, Kafka %s needs %d: %s", release, kafkaVersion, oldestJava, out)
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	return jars(cache)
}

var javaVersion = regexp.MustCompile(`version "(\d+)`)

// javaRelease reads what java -version prints; 0 where it says nothing of a version.
func javaRelease(text string) int {
	found := javaVersion.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	release, _ := strconv.Atoi(found[1])
	return release
}
