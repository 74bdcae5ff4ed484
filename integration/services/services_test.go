package services

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestMain(m *testing.M) { Main(m) }

// The broker must be one that ends transactions by the newer protocol, and keep its topics over a restart.
func TestKafkaAnswersAndKeepsItsTopicsOverARestart(t *testing.T) {
	b := OwnKafka(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr))
	require.NoError(t, err)
	defer client.Close()
	admin := kadm.NewClient(client)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	topic := Prefix(t)
	_, err = admin.CreateTopic(ctx, 2, 1, nil, topic)
	require.NoError(t, err)
	for _, kill := range []bool{false, true} {
		began := time.Now()
		b.Restart(t, kill)
		t.Logf("restarted in %s, killed: %v", time.Since(began), kill)
		topics, err := admin.ListTopics(ctx)
		require.NoError(t, err)
		require.Contains(t, topics, topic)
	}
	versions, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, client)
	require.NoError(t, err)
	features := map[string]int16{}
	for _, f := range versions.FinalizedFeatures {
		features[f.Name] = f.MaxVersionLevel
	}
	require.EqualValues(t, 2, features["transaction.version"], "%v", features)
}

func TestRedisAnswersAndIsEmptyAfterARestart(t *testing.T) {
	r := OwnRedis(t)
	require.Equal(t, r.Addr, OwnRedis(t).Addr, "one Redis per binary")
	client := redis.NewClient(&redis.Options{Addr: r.Addr})
	defer client.Close()
	require.NoError(t, client.Set(t.Context(), "key", "value", 0).Err())

	resume := r.Halt(t)
	require.Error(t, pong(r.Addr))
	resume()
	require.NoError(t, pong(r.Addr))
	require.Equal(t, "value", client.Get(t.Context(), "key").Val())

	back := r.Away(t)
	require.Error(t, pong(r.Addr))
	back()
	require.ErrorIs(t, client.Get(t.Context(), "key").Err(), redis.Nil)
}

// recorder is a test whose end is looked at.
type recorder struct {
	testing.TB
	end string
}

func (r *recorder) Helper()               {}
func (r *recorder) Name() string          { return "TestOfTheRecorder" }
func (r *recorder) Skipf(string, ...any)  { r.end = "skipped" }
func (r *recorder) Fatalf(string, ...any) { r.end = "failed"; panic(r) }

// What cannot be had skips a test, and says so where one sees it; under CI it fails the test.
func TestWhatIsUnavailableSkipsLoudlyOrFails(t *testing.T) {
	said := filepath.Join(t.TempDir(), "said")
	t.Setenv(saidEnv, said)
	r := &recorder{}
	t.Setenv("CI", "")
	unavailable(r, "Kafka", exec.ErrNotFound)
	require.Equal(t, "skipped", r.end)
	text, err := os.ReadFile(said)
	require.NoError(t, err)
	require.Equal(t, "services: SKIPPED TestOfTheRecorder: no Kafka: executable file not found in $PATH\n", string(text))
	t.Setenv("CI", "true")
	require.Panics(t, func() { unavailable(r, "Kafka", exec.ErrNotFound) })
	require.Equal(t, "failed", r.end)
}

func TestReleaseOfJava(t *testing.T) {
	for text, want := range map[string]int{
		"openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment": 17,
		"java version \"1.8.0_402\"":                                          1, "openjdk version \"25\" 2025-09-16": 25, "no Java runtime present": 0,
	} {
		require.Equal(t, want, javaRelease(text), text)
	}
}

// Many may want the jars at once; they are fetched once, and a fetch that failed leaves nothing.
func TestJarsAreFetchedOnce(t *testing.T) {
	bin, cache := t.TempDir(), t.TempDir()
	mvn := func(script string) {
		require.NoError(t, os.WriteFile(filepath.Join(bin, "mvn"), []byte("#!/bin/sh\n"+script), 0o755))
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	mvn("exit 3")
	_, err := jars(cache)
	require.ErrorContains(t, err, "exit status 3")
	mvn(`echo run >> ` + bin + `/runs
for a; do case $a in -DoutputDirectory=*) mkdir -p ${a#*=}; touch ${a#*=}/kafka.jar;; esac; done`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if dir, err := jars(cache); err != nil || dir != filepath.Join(cache, "kafka-"+kafkaVersion) {
				t.Errorf("jars: %s, %v", dir, err)
			}
		})
	}
	wg.Wait()
	runs, err := os.ReadFile(filepath.Join(bin, "runs"))
	require.NoError(t, err)
	require.Equal(t, "run\n", string(runs))
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Len(t, entries, 2, "the lock and the jars")
}

func TestProcessStopsOrIsKilled(t *testing.T) {
	polite, err := Start(exec.Command("sleep", "60"))
	require.NoError(t, err)
	require.False(t, polite.Stop(10*time.Second), "ended by a signal")
	<-polite.Ended()
	deaf, err := Start(exec.Command("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"))
	require.NoError(t, err)
	require.False(t, deaf.Stop(200*time.Millisecond))
	<-deaf.Ended()
}

func TestPrefixIsALegalTopicName(t *testing.T) {
	t.Run("a name, with commas & spaces", func(t *testing.T) {
		one, two := Prefix(t), Prefix(t)
		require.NotEqual(t, one, two)
		require.True(t, strings.HasPrefix(one, "testprefixisalegaltopicname-a-name--with-commas---spaces-"), one)
	})
}
