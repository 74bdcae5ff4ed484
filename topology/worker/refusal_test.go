package worker

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// poison is a key whose batches the broker refuses.
const poison = "POISON"

// poisonous has the broker refuse each batch for counts that holds the poison, as one with a policy of
// its own would.
func poisonous(fake *kfake.Cluster) *kfake.FaultHandle {
	return fake.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Topic: "counts", Partitions: []int32{topology.PartitionOf([]byte(poison), partitions)},
		Err: kerr.InvalidRecord, Count: -1,
		When: func(req kmsg.Request) bool {
			for _, topic := range req.(*kmsg.ProduceRequest).Topics {
				for _, p := range topic.Partitions {
					if bytes.Contains(p.Records, []byte(poison)) {
						return true
					}
				}
			}
			return false
		},
	})
}

// The record to blame is found among those of its batch, which are neither lost nor doubled.
func TestARefusedOutputIsFoundInItsBatch(t *testing.T) {
	for _, policy := range []topology.Policy{topology.DeadLetter, topology.Skip} {
		c, fake := newFake(t)
		fault := poisonous(fake)
		counters := map[string]int64{}
		c.words(0, 100, 100)
		c.word(poison, "x")
		c.words(100, 100, 100)
		stop := c.startApp("app", Config{Workers: 1, Memory: true, Policies: Policies{Refused: policy}, Hooks: Hooks{Counted: func(name string, n int64) { counters[name] += n }}})
		c.eventually(200)
		fault.Remove()
		c.word(poison, "x")
		c.eventually(202) // what is left out is the output, not the input
		require.NoError(t, stop())
		letters := c.read("app.dlq")
		if policy == topology.Skip {
			require.Empty(t, letters)
			require.NotZero(t, counters["skipped.refused"])
			continue
		}
		require.Len(t, letters, 1)
		require.Equal(t, poison, string(letters[0].Key))
		require.Equal(t, []byte{0, 0, 0, 0, 0, 0, 0, 1}, letters[0].Value)
		require.Equal(t, "refused", headerOf(letters[0], task.HeaderReason))
		require.Equal(t, fmt.Sprintf("counts/%d", topology.PartitionOf([]byte(poison), partitions)), headerOf(letters[0], task.HeaderSink))
		require.Contains(t, headerOf(letters[0], task.HeaderError), "INVALID_RECORD")
		require.EqualValues(t, 1, counters["dead_letters.refused"])
	}
}

// By default a refused output stops the app, and the error names it.
func TestARefusedOutputStops(t *testing.T) {
	c, fake := newFake(t)
	poisonous(fake)
	c.words(0, 100, 100)
	c.word(poison, "x")
	err := c.runs(Config{Workers: 1, Memory: true})
	for _, part := range []string{"failed 5 times", "counts/", `key "POISON" of 6 bytes and a value of 8 bytes`, "INVALID_RECORD", "Policies.Refused"} {
		require.ErrorContains(t, err, part)
	}
}

// echo writes each word to counts as it is, with its source.
func echo(t testing.TB) *topology.Topology {
	var b topology.Builder
	topology.To(topology.From(&b, "words", codecs.String, codecs.Bytes), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

// A record beyond the limit of its topic is refused by the client, or by the broker where the limit
// was lowered since; its dead letter says which record it was sent for.
func TestATooLargeOutputBecomesADeadLetter(t *testing.T) {
	for _, lowered := range []bool{false, true} {
		c := newCluster(t)
		lower := func() {
			_, err := kadm.NewClient(c.client).AlterTopicConfigs(context.Background(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: kadm.StringPtr("2000")}}, "counts")
			require.NoError(t, err)
		}
		if !lowered {
			lower()
		}
		stop := c.begin(echo(t), Config{Workers: 1, Memory: true, Policies: Policies{Refused: topology.DeadLetter}})
		c.word("first", "x")
		require.Eventually(t, func() bool { return len(c.read("counts")) == 1 }, waitLimit, tick)
		if lowered {
			lower()
		}
		large := incompressible(5000)
		require.NoError(t, c.client.ProduceSync(context.Background(), &kgo.Record{Topic: "words", Key: []byte("k"), Value: large},
			&kgo.Record{Topic: "words", Key: []byte("k"), Value: []byte("small")}).FirstErr())
		require.Eventually(t, func() bool { return len(c.read("counts")) == 2 }, waitLimit, tick)
		require.NoError(t, stop())
		letters := c.read("app.dlq")
		require.Len(t, letters, 1)
		require.Equal(t, large, letters[0].Value)
		require.True(t, strings.HasPrefix(headerOf(letters[0], task.HeaderSource), "words/"), headerOf(letters[0], task.HeaderSource))
	}
}
