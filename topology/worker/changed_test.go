package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// version is the counting topology of one deployment.
type version struct {
	again, node, store string
	second             string // a store behind the first, if any
	step               bool   // a step without state
	direct             bool   // without the repartition topic
	rows               string // what those of the store are
}

var deployed = version{again: "again", node: "count", store: "counted"}

func (v version) build(t *testing.T) *topology.Topology {
	t.Helper()
	var b topology.Builder
	in := topology.From(&b, "words", codecs.String, codecs.String)
	if v.step {
		in = topology.Merge("step", in)
	}
	if !v.direct {
		in = topology.Repartition(in, v.again)
	}
	needs := topology.Needs{Stores: []topology.Store{{Name: v.store, Layout: topology.Layout{Rows: v.rows}}}}
	if v.second != "" {
		needs.Stores = append(needs.Stores, topology.Store{Name: v.second})
	}
	counts := topology.Process(in, v.node, needs, func(out topology.Forward[string, int64]) topology.Processor[string, string] {
		return &counter{out: out, store: v.store}
	})
	topology.To(topology.WithCodecs(counts, codecs.String, codecs.Int64), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

// deploy runs a version until it has counted that many words.
func (c *cluster) deploy(v version, cfg Config, words int64) {
	c.t.Helper()
	cfg.Brokers, cfg.Workers, cfg.Memory = c.brokers, 1, true
	a, err := New(v.build(c.t.(*testing.T)), cfg)
	require.NoError(c.t, err)
	stop := c.start(a)
	c.eventually(words)
	require.NoError(c.t, stop())
}

// A topology that lacks what the committed offsets stand for is refused, and the refusal names what
// is missing. Deleting the topics that it names says that it is meant.
func TestATopologyThatLosesStateIsRefused(t *testing.T) {
	for name, change := range map[string]struct {
		to    version
		parts []string
		gone  []string
	}{
		"a store renamed": {version{again: "again", node: "count", store: "totals"},
			[]string{`store "counted" is gone or has another name`, `sub-topology "counted" is gone, or its first stateful node is new`},
			[]string{"app-counted-changelog", "app-counted-task-changelog"}},
		"a repartition topic renamed": {version{again: "moved", node: "count", store: "counted"},
			[]string{`repartition "again" is gone or has another name`}, []string{"app-again-repartition"}},
		"a hop taken out": {version{direct: true, node: "count", store: "counted"},
			[]string{`repartition "again" is gone`, `sub-topology "words" is gone`}, []string{"app-again-repartition", "app-words-task-changelog"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			c.words(0, 300, 13)
			c.deploy(deployed, Config{}, 300)
			a, err := New(change.to.build(t), Config{Brokers: c.brokers, Workers: 1, Memory: true})
			require.NoError(t, err)
			err = a.Run(t.Context())
			require.ErrorContains(t, err, "the topology is not the one that the committed offsets are of")
			require.ErrorContains(t, err, "abacus topics reset")
			for _, part := range append(change.parts, change.gone...) {
				require.ErrorContains(t, err, part)
			}
			deleted, err := kadm.NewClient(c.client).DeleteTopics(context.Background(), append(change.gone, "counts")...)
			require.NoError(t, err)
			require.NoError(t, deleted.Error())
			_, err = kadm.NewClient(c.client).CreateTopic(context.Background(), partitions, 1, nil, "counts")
			require.NoError(t, err)
			c.words(300, 130, 13)
			rest := int64(130)
			if change.to.store == deployed.store {
				rest = 430
			}
			c.deploy(change.to, Config{}, rest)
		})
	}
}

// A topology that would read the rows of a store as what they are not is refused, whether they are on a disk or in the
// log, and the one before goes on. Another name of the store is a way out, as the refusal says.
func TestAStoreOfAnotherLayoutIsRefused(t *testing.T) {
	for name, memory := range map[string]bool{"on the disk": false, "in the log": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			before, after := deployed, deployed
			before.rows, after.rows = "counts by word", "counts by hour"
			cfg := Config{Brokers: c.brokers, Workers: 1, Memory: memory, StateDir: t.TempDir()}
			run := func(v version, words int64) {
				a, err := New(v.build(t), cfg)
				require.NoError(t, err)
				stop := c.start(a)
				c.eventually(words)
				require.NoError(t, stop())
			}
			c.words(0, 300, 13)
			run(before, 300)
			a, err := New(after.build(t), cfg)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err = a.Run(ctx)
			for _, part := range []string{`store "counted" has rows of another layout: they are counts by word, the topology has counts by hour`, "another name", "abacus topics reset"} {
				require.ErrorContains(t, err, part)
			}
			c.words(300, 130, 13)
			run(before, 430)
		})
	}
}

// Steps without state come and go; a store that is new begins empty, and the log says so.
func TestATopologyThatGainsGoesOn(t *testing.T) {
	c := newCluster(t)
	c.words(0, 300, 13)
	c.deploy(deployed, Config{}, 300)
	grown := deployed
	grown.step, grown.second, grown.node = true, "other", "recount"
	first, saidFirst := said()
	c.words(300, 130, 13)
	c.deploy(grown, Config{Logger: first}, 430)
	require.True(t, saidFirst("store is new", ""))
	again, saidAgain := said()
	c.words(430, 70, 13)
	c.deploy(grown, Config{Logger: again}, 500)
	require.False(t, saidAgain("store is new", ""))
}

// A source that has gained partitions: keys have moved, the rows of their state have not.
func TestASourceThatGrowsIsRefused(t *testing.T) {
	c := newCluster(t)
	c.words(0, 300, 13)
	c.deploy(deployed, Config{}, 300)
	grown, err := kadm.NewClient(c.client).CreatePartitions(context.Background(), 2, "words")
	require.NoError(t, err)
	require.NoError(t, grown.Error())
	err = c.runs(Config{Workers: 1, Memory: true})
	for _, part := range []string{"words has 6 partitions, the app has begun with 4", "keys would move", "abacus topics reset"} {
		require.ErrorContains(t, err, part)
	}
}

// So is one that grows while the app runs, when the client learns of it.
func TestASourceThatGrowsUnderARunningAppIsRefused(t *testing.T) {
	c := newCluster(t)
	c.words(0, 300, 13)
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c.alive.Add(1)
	go func() { ended <- a.Run(ctx) }()
	c.eventually(300)
	grown, err := kadm.NewClient(c.client).CreatePartitions(context.Background(), 2, "words")
	require.NoError(t, err)
	require.NoError(t, grown.Error())
	a.sources.Lock()
	for client := range a.sources.clients {
		client.ForceMetadataRefresh()
	}
	a.sources.Unlock()
	require.ErrorContains(t, <-ended, "words has 6 partitions, at the start of the app it had 4")
}
