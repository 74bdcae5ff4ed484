package pipeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/integration/services"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// still is an experiment whose last event comes before the troubles: only a mirror that notices them
// writes its hash again.
const still = `
experiment: still
variants: {control: 50, treatment: 50}
control: control
start: 2025-12-01T00:00:00Z
metrics:
  - {name: bought, kind: conversion, event: order, window: 1h}
`

// trouble is what happens to Redis under load, until it is over.
type trouble struct {
	name string
	lost bool // Redis is empty afterwards
	do   func(t *testing.T, r *services.RedisServer, client *redis.Client, meanwhile func(failures int))
}

var troubles = []trouble{
	{"stall of five seconds", false, func(t *testing.T, r *services.RedisServer, _ *redis.Client, meanwhile func(int)) {
		resume := r.Halt(t)
		defer resume()
		meanwhile(6) // one a second, the first at once
	}},
	{"restart", true, func(t *testing.T, r *services.RedisServer, _ *redis.Client, meanwhile func(int)) {
		back := r.Away(t)
		defer back()
		meanwhile(2)
	}},
	{"FLUSHALL", true, func(t *testing.T, _ *services.RedisServer, client *redis.Client, meanwhile func(int)) {
		require.NoError(t, client.FlushAll(t.Context()).Err())
		meanwhile(0)
	}},
}

// Whatever happens to Redis, the stream and the mirror's reading of it go on, and each hash comes
// to what the stats topic says. The tests share the Redis and do to it what all would feel, so they
// take turns.
func TestRedisStallsRestartsAndIsEmptiedWhileTheStreamGoesOn(t *testing.T) {
	for name, brokers := range services.Kafkas {
		t.Run(name, func(t *testing.T) {
			k := kafka(brokers)
			server := services.OwnRedis(t)
			client := redis.NewClient(&redis.Options{Addr: server.Addr})
			defer client.Close()
			require.NoError(t, client.FlushAll(t.Context()).Err(), "what an earlier test left")
			p, ts := k.pipeline(t, setup{}), minutesAgo(8)
			p.register(button, wording, ranker, still)
			p.send(exposure("s1", "s", "still", "control", ts))
			flow, mirrors := p.start(worker.Config{StateDir: t.TempDir()}), p.startMirror(client)
			load := p.load(newTraffic(8, 300, ts, 10), 800)
			defer load.stop()
			shown := func() bool { return client.Exists(t.Context(), mirror.StatsKey("still")).Val() == 1 }
			eventually(t, "a hash is there", shown)
			for _, trouble := range troubles {
				lost := mirrors.counter("redis_lost")
				trouble.do(t, server, client, func(failures int) { goesOn(t, trouble.name, flow, mirrors, failures) })
				written := mirrors.counter("redis_hashes")
				eventually(t, "hashes are written after: "+trouble.name, func() bool { return mirrors.counter("redis_hashes") > written })
				if trouble.lost {
					eventually(t, "the mirror notices: "+trouble.name, func() bool { return mirrors.counter("redis_lost") > lost })
				}
				eventually(t, "the hash that does not change is there after: "+trouble.name, shown)
			}
			load.stop()
			p.finish(flow)
			p.mirrored(client)
			require.NoError(t, mirrors.stop())
		})
	}
}

// goesOn waits until the mirror has failed that often, and demands that both processes commit all along.
func goesOn(t *testing.T, trouble string, flow, mirrors *process, failures int) {
	t.Helper()
	began, before := time.Now(), [2]int64{flow.commits.Load(), mirrors.commits.Load()}
	for least := mirrors.counter("redis_errors"); failures > 0; failures-- {
		least++
		working(t, flow)
		working(t, mirrors)
		eventually(t, "Redis is asked again", func() bool { return mirrors.counter("redis_errors") >= least })
	}
	working(t, flow)
	working(t, mirrors)
	t.Logf("%s: in %s the flow committed %d times, the mirror %d", trouble, time.Since(began).Round(time.Millisecond),
		flow.commits.Load()-before[0], mirrors.commits.Load()-before[1])
}

// startMirror runs a process of the mirror until it is stopped.
func (p *pipeline) startMirror(client *redis.Client) *process {
	p.t.Helper()
	var b topology.Builder
	mirror.Build(&b, mirror.Config{Prefix: p.prefix, Redis: client})
	topo, err := b.Build(p.prefix + "-mirror")
	require.NoError(p.t, err)
	return p.run(topo, worker.Config{StateDir: p.t.(*testing.T).TempDir(), DeadLetters: p.deadLetters()})
}

// mirrored waits until the hashes of Redis are what the stats topic says, and lets verify judge them.
func (p *pipeline) mirrored(client *redis.Client) {
	p.t.Helper()
	want := p.shown()
	require.Greater(p.t, len(want), 8)
	var got map[string]map[string]string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if got = p.hashes(client); fmt.Sprint(got) == fmt.Sprint(want) {
			break
		}
	}
	require.Equal(p.t, want, got)
	require.Empty(p.t, p.verifier(verify.Input{NeverIdle: true}).CompareHashes(got))
	ctx, cancel := p.context()
	defer cancel()
	require.ElementsMatch(p.t, []string{"button", "wording", "ranker", "still"}, client.SMembers(ctx, mirror.Experiments).Val())
}

// shown is what Redis must show, by key: each total, and the newest window of each grain.
func (p *pipeline) shown() map[string]map[string]string {
	p.t.Helper()
	want, newest := map[string]map[string]string{}, map[string]int64{}
	for _, r := range p.read(p.stats()) {
		key, err := result.ParseKey(string(r.Key))
		require.NoError(p.t, err)
		name := mirror.StatsKey(key.Experiment)
		if key.Segment != "" {
			name = mirror.SegmentKey(key.Experiment, key.Segment)
		}
		if key.Grain != result.Total {
			name = mirror.WindowKey(key.Experiment, key.Grain)
		}
		if key.Start < newest[name] {
			continue
		}
		newest[name] = key.Start
		want[name] = mirror.Fields(p.record(r.Value))
		want[name]["_topic"], want[name]["_offset"] = p.stats(), fmt.Sprintf("%d:%d", r.Partition, r.Offset)
	}
	return want
}

// hashes is all hashes of experiments in Redis.
func (p *pipeline) hashes(client *redis.Client) map[string]map[string]string {
	p.t.Helper()
	ctx, cancel := p.context()
	defer cancel()
	all := map[string]map[string]string{}
	for _, pattern := range []string{"ab:stats:*", "ab:window:*"} {
		keys, err := client.Keys(ctx, pattern).Result()
		require.NoError(p.t, err)
		for _, key := range keys {
			hash, err := client.HGetAll(ctx, key).Result()
			require.NoError(p.t, err)
			all[key] = hash
		}
	}
	return all
}
