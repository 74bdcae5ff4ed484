package worker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
)

// Rows of a restore of several fetches, whose memory is used again, are those of the log.
func TestMemoryUsedAgainLeavesRowsAlone(t *testing.T) {
	c := newCluster(t)
	noise, want := incompressible(1<<20), map[string]string{}
	const records = 15_000
	var all []*kgo.Record
	for i := range records {
		from := i * 61 % (len(noise) - 1500)
		key, value := fmt.Sprintf("key %d", i%9000), noise[from:from+1000+i%500]
		want[key] = string(value)
		all = append(all, &kgo.Record{Topic: "words", Key: []byte(key), Value: value})
	}
	client, fetches := c.manual(), 0
	produce := func() { // a third, each time
		require.NoError(t, client.ProduceSync(context.Background(), all[fetches*records/3:(fetches+1)*records/3]...).FirstErr())
	}
	produce()
	details, err := kadm.NewClient(c.client).ListTopics(context.Background(), "words")
	require.NoError(t, err)
	app := &App{client: c.client, admin: kadm.NewClient(c.client), log: zap.NewNop(), topics: &topics{ids: map[string][16]byte{"words": details["words"].ID}}}
	app.cfg.Hooks.Restored = func(topology.TaskID, string, int, int64) {
		if fetches++; fetches < 3 {
			produce()
		}
	}
	w, store := &worker{app: app, log: app.log}, memory.New().Store("s")
	in := &reader{app: app, topic: "words", wait: 100 * time.Millisecond, turns: make(turns, 1)}
	in.turns <- &spare{}
	require.NoError(t, w.replayRange(context.Background(), state.NewTable("s", 0, store, 0), in, goal{end: records}, newRestoring(w.log, topology.TaskID{}, time.Now())))
	require.Equal(t, 3, fetches)
	found := map[string]string{}
	require.NoError(t, store.Scan(nil, nil, func(key, value []byte) bool {
		found[string(key)] = string(value)
		return true
	}))
	require.Len(t, found, len(want))
	for key, value := range want {
		require.True(t, found[key] == value, "%s has another value", key)
	}
}
