package mirror_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// dump is all hashes but the sentinel, and the set.
func (h *harness) dump() map[string]any {
	all := map[string]any{mirror.Experiments: h.members()}
	for _, key := range h.redis.Keys() {
		if key != mirror.Experiments && key != mirror.Sentinel {
			all[key] = h.hash(key)
		}
	}
	return all
}

// Another mirror that is behind, as one whose task has moved and who does not know it yet.
func TestNothingGoesBack(t *testing.T) {
	h := start(t)
	behind := startOn(t, h.redis, mirror.Config{}, topologytest.Config{})
	h.run(total("e", 1), window("e", "60s", 1, 1), total("f", 1), total("e", 2), window("e", "60s", 2, 2))
	h.raw("f|total", nil)
	h.run()
	want := h.dump()
	behind.run(total("e", 1), window("e", "60s", 1, 1), total("f", 1))
	require.Equal(t, want, h.dump())
	require.EqualValues(t, 3, behind.d.Counter("redis_newer"))
	behind.run(total("e", 2))
	require.Equal(t, want, h.dump())
	require.EqualValues(t, 3, behind.d.Counter("redis_newer"), "the same offset is the same content")

	h.redis.FastForward(time.Hour) // the removal is forgotten, and the window has expired
	require.Equal(t, []string{mirror.Experiments, mirror.Sentinel, "ab:stats:{e}", "ab:window:{e}:60s"}, h.redis.Keys())
}

func TestAnotherTopicOfTheSameNameIsNotOlder(t *testing.T) {
	h := start(t)
	h.run(total("e", 1), total("e", 2))
	anew := startOn(t, h.redis, mirror.Config{TopicID: "another"}, topologytest.Config{})
	anew.run(total("e", 3))
	require.Equal(t, "another", anew.hash("ab:stats:{e}")["_topic"])
	require.Equal(t, "3", anew.hash("ab:stats:{e}")["units.control"])
}

func TestAFlushedRedisIsWrittenAgainWithinASecond(t *testing.T) {
	h := start(t)
	h.run(total("e", 1), window("e", "60s", 1, 1), window("e", "60s", 2, 2), total("f", 2))
	want := h.dump()
	h.redis.FlushAll()
	h.d.Run()
	require.Empty(t, h.redis.Keys(), "it is looked at each second")
	h.d.Advance(time.Second)
	require.Equal(t, want, h.dump())
	require.EqualValues(t, 1, h.d.Counter("redis_lost"))
	writes := h.d.Counter("redis_hashes")
	h.d.Advance(10 * time.Second)
	require.Equal(t, writes, h.d.Counter("redis_hashes"), "once")
}

// Between the loss and the next look of the task something is written: that must not hide the loss.
func TestALossIsNoticedThoughSomethingIsWrittenBehindIt(t *testing.T) {
	h := start(t)
	h.run(total("e", 1), window("e", "60s", 1, 1), total("f", 1))
	h.redis.FlushAll()
	h.run(total("f", 2))
	h.d.Run()
	h.shows("ab:stats:{f}", total("f", 2), 3)
	h.shows("ab:stats:{e}", total("e", 1), 0)
	h.shows("ab:window:{e}:60s", window("e", "60s", 1, 1), 1)
	require.ElementsMatch(t, []string{"e", "f"}, h.members())
	require.EqualValues(t, 1, h.d.Counter("redis_lost"))
	writes := h.d.Counter("redis_hashes")
	h.d.Advance(5 * time.Second)
	require.Equal(t, writes, h.d.Counter("redis_hashes"), "once")
}

// Redis is emptied just before a command of a flush: whichever it is, what was written earlier is written again.
func TestALossAmidAFlushIsNoticed(t *testing.T) {
	for _, at := range []string{"EVAL ab:stats", "SADD", "PUBLISH", "EVAL ab:mirror", "HMGET ab:mirror"} {
		for name, before := range map[string]func(*harness){
			"of a mirror at work": func(h *harness) { h.run(total("e", 1), total("f", 1)) },
			"of a new one":        func(*harness) {},
		} {
			t.Run(at+" "+name, func(t *testing.T) {
				h := start(t)
				before(h)
				command, key, _ := strings.Cut(at, " ")
				armed := true
				h.redis.Server().SetPreHook(func(_ *server.Peer, cmd string, args ...string) bool {
					if armed && cmd == command && strings.Contains(strings.Join(args, " "), key) {
						armed = false
						h.redis.FlushAll()
					}
					return false
				})
				h.d.Advance(time.Second)
				h.run(total("e", 2), window("e", "60s", 1, 1), total("f", 2))
				h.d.Advance(2 * time.Second)
				require.False(t, armed)
				plain := start(t)
				before(plain)
				plain.run(total("e", 2), window("e", "60s", 1, 1), total("f", 2))
				require.Equal(t, plain.dump(), h.dump())
			})
		}
	}
}

func TestWithoutTheSentinelEverythingIsWrittenAgain(t *testing.T) {
	h := start(t)
	h.run(total("e", 1), total("f", 2))
	want := h.dump()
	h.redis.HSet("ab:stats:{e}", "units.control", "77") // by hand
	h.redis.Del("ab:stats:{f}")
	h.redis.Del(mirror.Sentinel)
	h.d.Advance(time.Second)
	require.Equal(t, want, h.dump())
}

// A snapshot is loaded, or a replica promoted: the sentinel is there, but not the last one.
func TestLostWritesAreNoticed(t *testing.T) {
	h := start(t)
	h.run(total("e", 1), total("f", 1))
	token, old := h.hash(mirror.Sentinel), h.hash("ab:stats:{e}")
	h.run(total("e", 2))
	h.raw("f|total", nil)
	h.run()
	want := h.dump()
	for key, hash := range map[string]map[string]string{mirror.Sentinel: token, "ab:stats:{e}": old, "ab:stats:{f}": old} {
		h.redis.Del(key)
		for name, value := range hash {
			h.redis.HSet(key, name, value)
		}
	}
	_, err := h.redis.SetAdd(mirror.Experiments, "f")
	require.NoError(t, err)
	h.redis.Del("ab:gone:{f}")
	h.d.Advance(time.Second)
	require.Equal(t, want, h.dump())
}

func TestPartitionsHaveTokensOfTheirOwn(t *testing.T) {
	h := startOn(t, start(t).redis, mirror.Config{}, topologytest.Config{Tasks: 4, Workers: 2})
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		h.run(total(name, 1))
	}
	require.Len(t, h.hash(mirror.Sentinel), 4)
	want := h.dump()
	h.redis.FlushAll()
	h.d.Advance(time.Second)
	require.Equal(t, want, h.dump())
	h.d.Advance(5 * time.Second)
	require.EqualValues(t, 4, h.d.Counter("redis_lost"), "of each task, once")
}
