package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// keeper keeps the last value of each key and passes the records on.
type keeper struct {
	ctx topology.Context
	out topology.Forward[string, string]
}

func (k *keeper) Init(ctx topology.Context) error {
	k.ctx = ctx
	return nil
}

func (k *keeper) Process(rec *topology.Record[string, string]) error {
	k.ctx.Table("kept").Put([]byte(rec.Key), []byte(rec.Value))
	return k.out(rec)
}

// The client stamps what has no time of its own with the clock's. Brokers delete by these stamps: rows of windows as long
// after their event time as the retention says, and no sooner for having been written late or in a backlog.
func TestOutputsAndChangelogsCarryTheTimeOfTheEvent(t *testing.T) {
	c := newCluster(t)
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	kept := topology.Process(words, "keep", topology.Needs{Stores: []topology.Store{{Name: "kept"}}}, func(out topology.Forward[string, string]) topology.Processor[string, string] {
		return &keeper{out: out}
	})
	topology.To(topology.Repartition(topology.WithCodecs(kept, codecs.String, codecs.String), "again"), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	app, err := New(topo, c.to(Config{Workers: 1, Memory: true, IdleAfter: time.Hour}))
	require.NoError(t, err)
	c.start(app)

	first := time.Now().Add(-30 * 24 * time.Hour).Truncate(time.Millisecond)
	var want []time.Time
	for day := range 3 {
		want = append(want, first.Add(time.Duration(day)*24*time.Hour))
		rec := &kgo.Record{Topic: "words", Key: []byte("k"), Value: []byte("v"), Timestamp: want[day]}
		require.NoError(t, c.client.ProduceSync(t.Context(), rec).FirstErr())
		require.Eventually(t, func() bool { return len(c.read("counts")) == day+1 }, waitLimit, tick)
	}
	for topic, key := range map[string]string{
		"counts": "k", "app-again-repartition": "k", "app-kept-changelog": "k", "app-kept-task-changelog": string(task.PositionKey()),
	} {
		var found []time.Time
		for _, rec := range c.read(topic) {
			if string(rec.Key) == key {
				found = append(found, rec.Timestamp)
			}
		}
		require.Equal(t, want, found, "%s", topic)
	}
}
