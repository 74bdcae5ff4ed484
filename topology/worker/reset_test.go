package worker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Wherever an app is to begin after a reset, it counts what lies behind that and nothing else, on local
// state of before. The plan alone changes nothing, and a running app is not reset.
func TestAResetAppBeginsWhereItIsTold(t *testing.T) {
	noon := time.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		from Beginning
		want int64 // of 300 records before noon and 200 after
	}{
		"the beginning": {Beginning{}, 500},
		"a time":        {Beginning{Time: noon}, 200},
		"an offset":     {Beginning{Offset: 60}, 500 - partitions*60},
		"the end":       {Beginning{End: true}, 0},
		"beyond":        {Beginning{Offset: 1 << 40}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t)
			k.even(300, noon.Add(-time.Minute))
			k.even(200, noon.Add(time.Minute))
			cfg := Config{Brokers: k.brokers, Workers: 1, StateDir: t.TempDir()}
			stop := k.startApp("app", cfg)
			k.eventually(500)
			_, err := PlanReset(t.Context(), counting(t, "app"), cfg, c.from)
			require.ErrorIs(t, err, ErrActive)
			require.NoError(t, stop())

			r, err := PlanReset(t.Context(), counting(t, "app"), cfg, c.from)
			require.NoError(t, err)
			require.Equal(t, []string{"app-again-repartition", "app-counted-changelog", "app-counted-task-changelog", "app-words-task-changelog"}, r.Topics)
			require.Equal(t, []string{"counts"}, r.Kept)
			require.Contains(t, r.String(), "delete topic app-counted-changelog\n")
			before, err := kadm.NewClient(k.client).FetchOffsets(t.Context(), "app")
			require.NoError(t, err)
			require.NotEmpty(t, before, "a plan changes nothing")
			require.NoError(t, r.Do(t.Context()))
			k.emptied("counts")
			k.even(4, time.Now())
			k.startApp("app", cfg)
			k.eventually(c.want + 4)
		})
	}
}

// What a former topology has left is deleted too.
func TestAResetDeletesWhatFormerTopologiesLeft(t *testing.T) {
	c := newCluster(t)
	c.words(0, 300, 13)
	c.deploy(deployed, Config{}, 300)
	renamed := version{again: "moved", node: "count", store: "totals"}
	cfg := Config{Brokers: c.brokers, Workers: 1, Memory: true}
	r, err := PlanReset(t.Context(), renamed.build(t), cfg, Beginning{})
	require.NoError(t, err)
	require.Contains(t, r.Topics, "app-counted-changelog")
	require.Contains(t, r.Topics, "app-again-repartition")
	require.NoError(t, r.Do(t.Context()))
	c.emptied("counts")
	c.deploy(renamed, Config{}, 300)
}

func TestABeginningIsOneOrNone(t *testing.T) {
	for _, b := range []Beginning{{End: true, Offset: 1}, {Time: start, End: true}, {Offset: -1}} {
		_, err := PlanReset(t.Context(), counting(t, "app"), Config{Brokers: []string{"unused"}}, b)
		require.ErrorContains(t, err, "reset: ", "%v", b)
	}
}

// even produces n records at a time, as many to each partition.
func (c *cluster) even(n int, at time.Time) {
	c.t.Helper()
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Topic: "words", Partition: int32(i % partitions), Key: fmt.Append(nil, "w", i%partitions), Value: []byte("x"), Timestamp: at}
	}
	require.NoError(c.t, c.manual().ProduceSync(context.Background(), records...).FirstErr())
}

// emptied deletes a topic and creates it again.
func (c *cluster) emptied(topic string) {
	c.t.Helper()
	admin := kadm.NewClient(c.client)
	_, err := admin.DeleteTopics(context.Background(), topic)
	require.NoError(c.t, err)
	_, err = admin.CreateTopic(context.Background(), partitions, 1, nil, topic)
	require.NoError(c.t, err)
}
