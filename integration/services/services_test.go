//go:build broker

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

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestMain(m *testing.M) { Main(m) }

// The broker must be one that ends transactions by the newer protocol, and keep its topics over a restart.
func TestKafkaAnswersAndKeepsItsTopicsOverARestart(t *testing.T) {
	b := OwnKafka(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(Kafka(t)...))
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

func TestRedisAnswers(t *testing.T) {
	addr := Redis(t)
	require.NoError(t, pong(addr))
	require.Equal(t, addr, Redis(t), "one Redis per binary")
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
