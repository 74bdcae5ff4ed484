package mirror_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

func TestReal(t *testing.T) {
	ctx := context.Background()
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:17379"})
	c.FlushAll(ctx)
	h := startOn(t, nil, mirror.Config{Redis: c}, topologytest.Config{Tasks: 4})
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
	began := time.Now()
	h.run(big)
	t.Log("big", time.Since(began))
	m, err := c.HGetAll(ctx, "ab:stats:{big}").Result()
	require.NoError(t, err)
	want := mirror.Fields(big)
	want["_topic"], want["_offset"] = stats, m["_offset"]
	require.Equal(t, want, m)
	h.run(total("e", 1), window("e", "60s", 1, 2), window("e", "60s", 2, 2))
	require.Equal(t, 7*24*time.Hour, c.TTL(ctx, "ab:window:{e}:60s").Val())
	c.Del(ctx, "ab:stats:{e}")
	c.Set(ctx, "ab:stats:{e}", "x", 0)
	h.run(total("e", 2))
	t.Log(c.HGetAll(ctx, "ab:stats:{e}").Val())
	h.raw("e|total", nil)
	h.run()
	t.Log(c.Keys(ctx, "*").Val(), c.TTL(ctx, "ab:gone:{e}"), c.HGetAll(ctx, "ab:gone:{e}").Val(), c.SMembers(ctx, mirror.Experiments), c.HGetAll(ctx, mirror.Sentinel))
	c.FlushAll(ctx)
	h.d.Advance(time.Second)
	t.Log(c.Keys(ctx, "*").Val())
	require.Zero(t, h.d.Counter("redis_errors"))
	began = time.Now()
	for i := range int64(1000) {
		h.put(total(fmt.Sprint("e", i), i), window(fmt.Sprint("e", i), "60s", 1, 1), window(fmt.Sprint("e", i), "1s", 1, 1))
	}
	h.run()
	t.Log("1000 x 3", time.Since(began))
	c.FlushAll(ctx)
	began = time.Now()
	h.d.Advance(time.Second)
	t.Log("again", time.Since(began), c.DBSize(ctx).Val(), h.d.Counter("redis_errors"))
}
