package mirror_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology"
)

func TestAHashIsReplacedAsAWhole(t *testing.T) {
	h := start(t)
	first := total("e", 10)
	first.Metrics["old"] = first.Metrics["revenue"]
	h.run(first)
	h.shows("ab:stats:{e}", first, 0)
	h.run(total("e", 20))
	h.shows("ab:stats:{e}", total("e", 20), 1)
}

func TestTheNewestWindowOfEachGrain(t *testing.T) {
	h := start(t)
	h.run(window("e", "60s", 1, 5), window("e", "5s", 9, 2), window("e", "sliding 60s", 2, 1))
	h.shows("ab:window:{e}:60s", window("e", "60s", 1, 5), 0)
	h.shows("ab:window:{e}:5s", window("e", "5s", 9, 2), 1)
	h.shows("ab:window:{e}:sliding 60s", window("e", "sliding 60s", 2, 1), 2)
	h.run(window("e", "60s", 3, 6))
	h.shows("ab:window:{e}:60s", window("e", "60s", 3, 6), 3)
	h.run(window("e", "60s", 2, 7), window("e", "60s", 1, 8)) // corrections of older ones
	h.shows("ab:window:{e}:60s", window("e", "60s", 3, 6), 3)
	h.run(window("e", "60s", 3, 9))
	h.shows("ab:window:{e}:60s", window("e", "60s", 3, 9), 6)
	require.Empty(t, h.members(), "an experiment is one with a total")
}

// A segment is shown beside the whole, and is not an experiment of its own.
func TestASegmentHasAHashOfItsOwn(t *testing.T) {
	h := start(t)
	germany := total("e", 10)
	germany.Segment = "country=a|b=c"
	h.run(germany)
	h.shows("ab:stats:{e}:country=a|b=c", germany, 0)
	require.Equal(t, "country=a|b=c", h.hash("ab:stats:{e}:country=a|b=c")["segment"])
	require.Empty(t, h.members())
	h.run(total("e", 30), window("e", "60s", 1, 5))
	h.shows("ab:stats:{e}", total("e", 30), 1)
	require.Zero(t, h.redis.TTL("ab:stats:{e}:country=a|b=c"))
	h.redis.FlushAll()
	h.d.Advance(3 * time.Second)
	h.shows("ab:stats:{e}:country=a|b=c", germany, 0)
	h.raw(germany.Key(), nil)
	h.run()
	require.Nil(t, h.hash("ab:stats:{e}:country=a|b=c"))
	h.shows("ab:stats:{e}", total("e", 30), 1)
	require.Equal(t, []string{"e"}, h.members())
}

func TestAWindowLivesAsLongAsItIsRetained(t *testing.T) {
	h := start(t)
	kept := window("e", "10s", 1, 1)
	kept.Retention = 90_000
	forGood := window("e", "30s", 1, 1)
	forGood.Retention = 1 << 60
	h.run(window("e", "1s", 1, 1), window("e", "5s", 1, 1), window("e", "60s", 1, 1), window("e", "20s", 1, 1), kept, forGood)
	for grain, want := range map[string]time.Duration{
		"1s": 10 * time.Minute, "5s": time.Hour, "60s": 7 * 24 * time.Hour, "20s": time.Hour, "10s": 90 * time.Second, "30s": 0,
	} {
		require.Equal(t, want, h.redis.TTL(mirror.WindowKey("e", grain)), grain)
	}
}

func TestTombstones(t *testing.T) {
	h := start(t)
	h.run(total("e", 1), window("e", "60s", 1, 5), window("e", "60s", 2, 6), window("e", "60s", 3, 7))
	h.raw(window("e", "60s", 1, 0).Key(), nil)
	h.run()
	h.shows("ab:window:{e}:60s", window("e", "60s", 3, 7), 3)
	h.raw(window("e", "60s", 3, 0).Key(), nil) // emptied by a retraction
	h.run()
	h.shows("ab:window:{e}:60s", window("e", "60s", 2, 6), 5)
	h.raw(window("e", "60s", 2, 0).Key(), nil)
	h.run()
	require.Nil(t, h.hash("ab:window:{e}:60s"))
	require.Equal(t, []string{"e"}, h.members())
	h.raw("e|total", nil)
	h.run()
	require.Nil(t, h.hash("ab:stats:{e}"))
	require.Empty(t, h.members())
	h.run(total("e", 2), window("e", "60s", 1, 1))
	h.shows("ab:stats:{e}", total("e", 2), 8)
	h.shows("ab:window:{e}:60s", window("e", "60s", 1, 1), 9)
	require.Equal(t, []string{"e"}, h.members())
	require.Equal(t, h.d.Last(stats), h.d.Rows("mirror"), "the table is the topic")
}

func TestManyFieldsAreWrittenInChunks(t *testing.T) {
	h := start(t)
	big := total("big", 1)
	for m := range 64 {
		metric := result.Metric{Kind: "mean", Variants: map[string]result.Variant{}, Comparisons: map[string]result.Comparison{}}
		for v := range 16 {
			x := result.Num(float64(m) + float64(v)/7)
			metric.Variants[fmt.Sprint("v", v)] = result.Variant{N: new(int64(v)), Sum: "1.00", Mean: x, Variance: x}
			metric.Comparisons[fmt.Sprint("v", v)] = result.Comparison{Method: "welch", Difference: x, Relative: x, SE: x, Statistic: x, DF: x, P: x, Verdict: "collecting"}
		}
		big.Metrics[fmt.Sprint("m", m)] = metric
	}
	h.run(big, total("small", 1))
	require.Greater(t, len(h.hash("ab:stats:{big}")), 10_000)
	h.shows("ab:stats:{big}", big, 0)
	h.shows("ab:stats:{small}", total("small", 1), 1)
}

func TestSubscribersHearOfEachChangeOnce(t *testing.T) {
	h := start(t)
	sub := h.redis.NewSubscriber()
	defer sub.Close()
	sub.Subscribe(mirror.Updates)
	heard := make(chan string, 100)
	go func() {
		for m := range sub.Messages() {
			heard <- m.Message
		}
	}()
	h.run(total("a", 1), total("b", 1), total("a", 2), window("a", "60s", 1, 1))
	h.run(window("b", "60s", 1, 1))
	h.d.Restart() // nothing is new in Redis
	h.run(total("c", 1))
	require.Equal(t, []string{"a", "b", "b", "c"}, []string{<-heard, <-heard, <-heard, <-heard})
	require.Empty(t, heard)
}

func TestWhatIsNoStatsRecordIsADeadLetter(t *testing.T) {
	h := start(t)
	h.run(total("e", 1))
	h.raw("e|total", []byte(`{"v":1`))
	h.raw("e|total", []byte(`{"v":2}`))
	h.raw("no key", []byte(`{}`))
	h.raw("f|total", []byte(documented))
	h.raw("e|60s|5", []byte{})
	h.raw("e|60s|5", nil)
	segment := total("e", 3)
	segment.Segment = "country=DE"
	h.run(segment)
	h.shows("ab:stats:{e}", total("e", 1), 0)
	require.Equal(t, []string{"ab:experiments", "ab:gone:{e}:60s", "ab:mirror", "ab:stats:{e}", "ab:stats:{e}:country=DE"}, h.redis.Keys())
	require.Equal(t, h.d.Last(stats), h.d.Rows("mirror"), "the table is the topic all the same")
	letters := h.d.Records("abacus-mirror.dlq")
	require.Len(t, letters, 5)
	for i, cause := range []string{"unexpected", "version 2, want 1", "is no key of a stats record", `is one of "checkout-button|total"`, "unexpected"} {
		require.Contains(t, letters[i].HeaderMap()["abacus.error"], cause)
		require.Equal(t, "undecodable", letters[i].HeaderMap()["abacus.reason"])
	}
	h.redis.FlushAll()
	h.d.Advance(time.Second) // the latest of e|total is not readable
	require.Equal(t, []string{"ab:gone:{e}:60s", "ab:mirror", "ab:stats:{e}:country=DE"}, h.redis.Keys())
	h.run(total("e", 4))
	h.shows("ab:stats:{e}", total("e", 4), 8)
}

func TestAKeyOfAnotherTypeIsReplaced(t *testing.T) {
	h := start(t)
	require.NoError(t, h.redis.Set("ab:stats:{e}", "text"))
	h.run(total("e", 1))
	h.shows("ab:stats:{e}", total("e", 1), 0)
}

func TestBuildWantsAClientWithABound(t *testing.T) {
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}})
	defer func() { _, _ = cluster.Close(), ring.Close() }()
	for want, client := range map[string]redis.UniversalClient{
		"the configuration has no client":                 nil,
		"the cluster client has no ContextTimeoutEnabled": cluster,
		"a ring of servers keeps no set of experiments":   ring,
	} {
		var b topology.Builder
		mirror.Build(&b, mirror.Config{Redis: client})
		_, err := b.Build("app")
		require.ErrorContains(t, err, `node "mirror": redis: `+want)
	}
}
