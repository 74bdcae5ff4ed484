package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// sending sends each record to a sink.
type sending struct {
	sink topology.Sink[string, string]
	send topology.Forward[string, string]
}

func (p *sending) Init(ctx topology.Context) error {
	p.send = p.sink.Sender(ctx)
	return nil
}

func (p *sending) Process(rec *topology.Record[string, string]) error { return p.send(rec) }

// partitioned is an app whose sink has a partitioner.
func partitioned(t *testing.T, c *cluster, by topology.Partitioner, failing topology.Retry) *App {
	t.Helper()
	var b topology.Builder
	sink := topology.NewSink(&b, "counts", codecs.String, codecs.String, by)
	topology.Process(topology.From(&b, "words", codecs.String, codecs.String), "sending", topology.Needs{Sinks: []*topology.SinkNode{sink.Node()}},
		func(topology.Forward[string, string]) topology.Processor[string, string] { return &sending{sink: sink} })
	topo, err := b.Build("app")
	require.NoError(t, err)
	a, err := New(topo, Config{Brokers: c.brokers, Workers: 1, Memory: true, Policies: Policies{Failing: failing}})
	require.NoError(t, err)
	return a
}

// A partitioner that names a partition which is not there, or panics, fails at the record as a node does.
func TestAPartitionOutOfRange(t *testing.T) {
	for name, by := range map[string]topology.Partitioner{
		"beyond": func([]byte, int) int32 { return partitions },
		"panics": func([]byte, int) int32 { panic("beyond") },
	} {
		c := newCluster(t)
		c.words(0, 1, 1)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err := partitioned(t, c, by, topology.Retry{}).Run(ctx)
		cancel()
		require.ErrorContains(t, err, "failed 5 times in the same way", name)
		require.ErrorContains(t, err, "record words/", name)
		require.ErrorContains(t, err, "beyond", name)
		require.Empty(t, c.read("counts"))
	}
}

// And it is put aside as the policy says, with the others going on.
func TestARecordThatHasNoPartitionIsPutAside(t *testing.T) {
	c := newCluster(t)
	c.words(0, 3, 3)
	by := func(key []byte, n int) int32 {
		if string(key) == "w1" {
			return -1
		}
		return topology.PartitionOf(key, n)
	}
	stop := c.start(partitioned(t, c, by, topology.Retry{Tries: 2, Then: topology.DeadLetter}))
	require.Eventually(t, func() bool { return len(c.read("counts")) == 2 && len(c.read("app.dlq")) == 1 }, waitLimit, tick)
	require.NoError(t, stop())
	require.Equal(t, "w1", string(c.read("app.dlq")[0].Key))
}
