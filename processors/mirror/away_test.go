package mirror_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

func TestTheStreamGoesOnWithoutRedis(t *testing.T) {
	h := start(t)
	h.run(total("e", 1))
	h.redis.Close()
	h.run(total("e", 2), total("f", 2), window("e", "60s", 1, 1))
	h.run(total("f", 3))
	h.d.Advance(3 * time.Second)
	require.Len(t, h.d.Rows("mirror"), 3, "committed all the same")
	require.EqualValues(t, 4, h.d.Counter("redis_errors"), "tried at once, then each second")
	require.NoError(t, h.redis.Restart())
	h.d.Run()
	h.shows("ab:stats:{e}", total("e", 1), 0)
	h.d.Advance(time.Second)
	h.shows("ab:stats:{e}", total("e", 2), 1)
	h.shows("ab:stats:{f}", total("f", 3), 4)
	h.shows("ab:window:{e}:60s", window("e", "60s", 1, 1), 3)
	require.ElementsMatch(t, []string{"e", "f"}, h.members())
}

// The task that could not get through is gone; the next one knows what to write.
func TestRedisIsBackAfterARestartOfTheTask(t *testing.T) {
	for name, restart := range map[string]func(*topologytest.Driver){"restart": (*topologytest.Driver).Restart, "wipe": (*topologytest.Driver).Wipe} {
		t.Run(name, func(t *testing.T) {
			h := start(t)
			h.run(total("e", 1), total("f", 1), window("f", "60s", 1, 1))
			h.redis.Close()
			h.put(total("e", 2))
			h.raw("f|total", nil)
			h.raw(window("f", "60s", 1, 0).Key(), nil)
			h.run()
			restart(h.d)
			h.d.Run()
			require.NoError(t, h.redis.Restart())
			h.d.Advance(time.Second)
			h.shows("ab:stats:{e}", total("e", 2), 3)
			require.Nil(t, h.hash("ab:stats:{f}"))
			require.Nil(t, h.hash("ab:window:{f}:60s"))
			require.Equal(t, []string{"e"}, h.members())
		})
	}
}

// silent accepts connections and never answers.
func silent(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	return listener.Addr().String()
}

func TestARedisThatStallsCostsOneTimeoutASecond(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: silent(t)}) // by itself it would wait for a minute
	defer func() { _ = client.Close() }()
	const timeout = 200 * time.Millisecond
	h := startOn(t, nil, mirror.Config{Redis: client, Timeout: timeout}, topologytest.Config{Tasks: 4})
	began := time.Now()
	for i := range int64(100) {
		h.run(total(fmt.Sprint("e", i), i))
	}
	require.EqualValues(t, 1, h.d.Counter("redis_errors"), "what one task knows all know")
	require.Less(t, time.Since(began), 3*timeout)
	h.d.Advance(2 * time.Second)
	require.EqualValues(t, 3, h.d.Counter("redis_errors"))
	require.Len(t, h.d.Rows("mirror"), 100)
}

func TestRedisIsLoading(t *testing.T) {
	h := start(t)
	h.redis.SetError("LOADING Redis is loading the dataset in memory")
	h.run(total("e", 1))
	require.EqualValues(t, 1, h.d.Counter("redis_errors"))
	h.redis.SetError("")
	h.d.Advance(time.Second)
	h.shows("ab:stats:{e}", total("e", 1), 0)
}

// refuse makes Redis answer an error to the commands that a test chooses.
func refuse(m *miniredis.Miniredis, when func(cmd string, args []string) bool) {
	m.Server().SetPreHook(func(c *server.Peer, cmd string, args ...string) bool {
		if when(cmd, args) {
			c.WriteError("ERR refused")
			return true
		}
		return false
	})
}

func TestAnExperimentThatRedisRefusesHoldsUpNoOther(t *testing.T) {
	h := start(t)
	refuse(h.redis, func(cmd string, args []string) bool {
		return cmd == "EVAL" && strings.Contains(strings.Join(args, " "), "{bad}")
	})
	h.run(total("bad", 1), total("good", 1))
	h.shows("ab:stats:{good}", total("good", 1), 1)
	h.run(total("good", 2))
	h.shows("ab:stats:{good}", total("good", 2), 2)
	require.EqualValues(t, 1, h.d.Counter("redis_errors"))
	h.d.Advance(time.Second)
	require.EqualValues(t, 2, h.d.Counter("redis_errors"))
	h.redis.Server().SetPreHook(nil)
	h.d.Advance(time.Second)
	h.shows("ab:stats:{bad}", total("bad", 1), 0)
	require.ElementsMatch(t, []string{"bad", "good"}, h.members())
}

// The hashes are written and the rest is not: it is made good, the note included.
func TestTheSetFollowsTheHashes(t *testing.T) {
	h := start(t)
	sub := h.redis.NewSubscriber()
	defer sub.Close()
	sub.Subscribe(mirror.Updates)
	refuse(h.redis, func(cmd string, _ []string) bool { return cmd == "SADD" || cmd == "PUBLISH" })
	h.run(total("e", 1))
	h.shows("ab:stats:{e}", total("e", 1), 0)
	require.Empty(t, h.members())
	h.redis.Server().SetPreHook(nil)
	heard := make(chan string, 1)
	go func() { heard <- (<-sub.Messages()).Message }()
	h.d.Advance(time.Second)
	require.Equal(t, []string{"e"}, h.members())
	require.Equal(t, "e", <-heard)
	require.EqualValues(t, 1, h.d.Counter("redis_hashes"))
	require.Zero(t, h.d.Counter("redis_lost"), "the token was given, though not acknowledged")
}

// A slow Redis: what does not fit into the time of one commit is written in the next ones, at once.
func TestALargeBacklogIsWrittenPieceByPiece(t *testing.T) {
	h := startOn(t, miniredis.RunT(t), mirror.Config{Timeout: time.Second}, topologytest.Config{})
	refuse(h.redis, func(cmd string, _ []string) bool {
		if cmd == "EVAL" {
			time.Sleep(10 * time.Millisecond) // the fault itself
		}
		return false
	})
	var all []*result.Record
	for i := range int64(80) {
		rec := total(fmt.Sprint("e", i), i)
		for m := range 250 {
			rec.Metrics[fmt.Sprint("m", m)] = rec.Metrics["revenue"]
		}
		all = append(all, rec)
	}
	h.run(all...)
	require.Zero(t, h.d.Counter("redis_errors"))
	for i, rec := range all {
		h.shows(mirror.StatsKey(rec.Experiment), rec, int64(i))
	}
	require.Len(t, h.members(), 80)
}

// TestWaiting: whoever asks is told how many experiments Redis does not show as they are.
func TestWaiting(t *testing.T) {
	waiting := -1
	h := startOn(t, miniredis.RunT(t), mirror.Config{Waiting: func(partition int32, experiments int) {
		require.Zero(t, partition)
		waiting = experiments
	}}, topologytest.Config{})
	h.run(total("e", 1))
	require.Equal(t, 0, waiting)
	h.redis.Close()
	h.run(total("e", 2), total("f", 2), window("e", "60s", 1, 1))
	require.Equal(t, 2, waiting)
	require.NoError(t, h.redis.Restart())
	h.d.Advance(2 * time.Second)
	require.Equal(t, 0, waiting)
}
