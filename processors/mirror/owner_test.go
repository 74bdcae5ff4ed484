package mirror_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// Two installations on one Redis: who came first keeps it, and nothing flips between two truths.
func TestTheSecondInstallationWritesNothing(t *testing.T) {
	core, logged := observer.New(zap.WarnLevel)
	one := startOn(t, miniredis.RunT(t), mirror.Config{Owner: "one@k"}, topologytest.Config{})
	one.run(total("e", 1))
	want := one.dump()
	two := startOn(t, one.redis, mirror.Config{Owner: "two@k", TopicID: "another", Log: zap.New(core)}, topologytest.Config{})
	two.run(total("e", 5), total("f", 5), window("e", "60s", 1, 1))
	two.d.Advance(3 * time.Second)
	one.d.Advance(3 * time.Second)
	require.Equal(t, want, one.dump())
	require.Zero(t, one.d.Counter("redis_lost"))
	require.Zero(t, two.d.Counter("redis_hashes"))
	require.Equal(t, 1, logged.Len(), "said once")
	require.Contains(t, logged.All()[0].ContextMap()["error"], "redis belongs to installation one@k")

	one.redis.HDel(mirror.Sentinel, "owner") // by hand, as the message says
	two.d.Advance(time.Second)
	two.shows("ab:stats:{f}", total("f", 5), 1, "another")
	require.Equal(t, "two@k", one.redis.HGet(mirror.Sentinel, "owner"))
	one.run(total("e", 9)) // before it looks again
	one.d.Advance(2 * time.Second)
	two.d.Advance(2 * time.Second)
	two.shows("ab:stats:{e}", total("e", 5), 0, "another")
}

// An emptied Redis is free, for its owner as for any other; one that an older version has written gets an owner.
func TestAnEmptiedRedisHasItsOwnerAgain(t *testing.T) {
	h := startOn(t, miniredis.RunT(t), mirror.Config{Owner: "one@k"}, topologytest.Config{Tasks: 2})
	h.run(total("e", 1), total("f", 1))
	want := h.dump()
	for _, lose := range []func(){h.redis.FlushAll, func() { h.redis.HDel(mirror.Sentinel, "owner") }} {
		lose()
		h.d.Advance(time.Second)
		require.Equal(t, want, h.dump())
		require.Equal(t, "one@k", h.redis.HGet(mirror.Sentinel, "owner"))
	}
}

// Redis is emptied and another takes it between two looks: the next write says so, and is tried no further.
func TestAnOwnerThatComesBetweenIsNoticedByAWrite(t *testing.T) {
	h := startOn(t, miniredis.RunT(t), mirror.Config{Owner: "one@k"}, topologytest.Config{})
	h.run(total("e", 1))
	h.redis.HSet(mirror.Sentinel, "owner", "two@k")
	h.run(total("e", 2))
	require.EqualValues(t, 1, h.d.Counter("redis_errors"))
	h.redis.Del("ab:stats:{e}")
	h.run(total("e", 3))
	h.d.Advance(2 * time.Second)
	require.Nil(t, h.hash("ab:stats:{e}"))
}

func TestCheckOwner(t *testing.T) {
	m := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: m.Addr(), DialerRetries: 1})
	defer func() { require.NoError(t, client.Close()) }()
	check := func(owner string) error { return mirror.CheckOwner(t.Context(), client, owner, time.Second) }
	require.NoError(t, check("one@k"), "it has none")
	startOn(t, m, mirror.Config{Owner: "one@k"}, topologytest.Config{}).run(total("e", 1))
	require.NoError(t, check("one@k"))
	var foreign *mirror.ForeignError
	require.ErrorAs(t, check("two@k"), &foreign)
	require.Equal(t, "one@k", foreign.Owner)
	require.ErrorContains(t, foreign, "redis://localhost:6379/1")
	m.Close()
	require.NoError(t, check("two@k"), "away: the mirror looks again")
}
