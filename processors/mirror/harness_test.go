package mirror_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

const stats = "abacus.stats"

// harness is a mirror over topics in memory and a Redis in memory.
type harness struct {
	t     *testing.T
	redis *miniredis.Miniredis
	d     *topologytest.Driver
	tasks int
}

func start(t *testing.T) *harness {
	return startOn(t, miniredis.RunT(t), mirror.Config{}, topologytest.Config{})
}

// startOn starts a mirror on a Redis that is there.
func startOn(t *testing.T, m *miniredis.Miniredis, cfg mirror.Config, run topologytest.Config) *harness {
	t.Helper()
	if cfg.Redis == nil {
		client := redis.NewClient(&redis.Options{Addr: m.Addr(), DialerRetries: 1})
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		cfg.Redis = client
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second // a slow machine is no Redis that is away
	}
	var b topology.Builder
	mirror.Build(&b, cfg)
	topo, err := b.Build("abacus-mirror")
	require.NoError(t, err)
	return &harness{t: t, redis: m, d: topologytest.New(t, topo, run), tasks: max(run.Tasks, 1)}
}

// put appends records to the stats topic.
func (h *harness) put(records ...*result.Record) {
	h.t.Helper()
	for _, rec := range records {
		value, err := result.Codec.Append(nil, rec)
		require.NoError(h.t, err)
		h.raw(rec.Key(), value)
	}
}

// raw appends any value; nil is a tombstone.
func (h *harness) raw(key string, value []byte) {
	p := cells.PartitionByExperiment([]byte(key), h.tasks)
	h.d.PipeTo(stats, p, task.Record{Key: []byte(key), Value: value})
}

// run puts records and runs until all is done.
func (h *harness) run(records ...*result.Record) {
	h.t.Helper()
	h.put(records...)
	h.d.Run()
}

// hash is a hash of Redis, nil where there is none.
func (h *harness) hash(key string) map[string]string {
	h.t.Helper()
	names, err := h.redis.HKeys(key)
	if err != nil {
		return nil
	}
	hash := map[string]string{}
	for _, name := range names {
		hash[name] = h.redis.HGet(key, name)
	}
	return hash
}

// shows asserts that a hash is a record as of an offset, of the stats topic unless another is named.
func (h *harness) shows(key string, rec *result.Record, offset int64, topic ...string) {
	h.t.Helper()
	want := mirror.Fields(rec)
	want["_topic"] = append(topic, stats)[0]
	p := cells.PartitionByExperiment([]byte(rec.Key()), h.tasks)
	want["_offset"] = strconv.Itoa(int(p)) + ":" + strconv.FormatInt(offset, 10)
	require.Equal(h.t, want, h.hash(key))
}

func (h *harness) members() []string {
	if !h.redis.Exists(mirror.Experiments) {
		return nil
	}
	names, err := h.redis.Members(mirror.Experiments)
	require.NoError(h.t, err)
	return names
}

// total is a total whose figures all depend on n.
func total(name string, n int64) *result.Record {
	return &result.Record{
		V: result.Version, Experiment: name, Run: 1, ConfigVersion: 1, Grain: result.Total, AsOf: 1_790_000_000_000 + n,
		Units: map[string]int64{"control": n, "treatment": n + 1}, Excluded: new(int64(2)), Dropped: map[string]int64{"late": n},
		Metrics: map[string]result.Metric{"revenue": {Kind: "mean", Variants: map[string]result.Variant{
			"control": {N: new(n), Sum: strconv.FormatInt(n, 10) + ".50", Mean: result.Num(float64(n) / 3), Variance: result.Null},
		}}},
	}
}

// window is the record of a window of a minute, by its number.
func window(name, grain string, number, events int64) *result.Record {
	begin := 1_790_000_040_000 + number*60_000
	return &result.Record{
		V: result.Version, Experiment: name, Run: 1, ConfigVersion: 1, Grain: grain, AsOf: begin + 60_000, Closed: true,
		Start: new(begin), End: new(begin + 60_000),
		Metrics: map[string]result.Metric{"revenue": {Kind: "mean", Variants: map[string]result.Variant{
			"control": {UnitsNew: new(int64(3)), Events: new(events), Sum: "7.00", Rate: result.Num(float64(events) / 60)},
		}}},
	}
}
