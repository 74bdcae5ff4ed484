package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A call ends the poll that waits, or the next one, and no other.
func TestOneWakeEndsOnePoll(t *testing.T) {
	var k wake
	poll := func(wake ...func()) bool {
		ctx := k.arm(context.Background(), time.Hour)
		for _, up := range wake {
			up()
		}
		return k.disarm(ctx)
	}
	require.False(t, poll())
	require.True(t, poll(k.up), "the poll that waits")
	require.False(t, poll(), "of which nobody has asked anything")
	k.up()
	k.up()
	require.True(t, poll(), "the next poll")
	require.False(t, poll())
	timed := k.arm(context.Background(), 0)
	<-timed.Done()
	require.False(t, k.disarm(timed), "it has waited in vain")
}

// A poll that was woken and brought nothing does not say that there is nothing: no commit comes early for it.
func TestAWokenPollSaysNothingOfTheInput(t *testing.T) {
	c := newCluster(t)
	w := loopWorker(t, func() error { return nil }, 1)
	var err error
	w.client, err = kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.ConsumeTopics("words"))
	require.NoError(t, err)
	defer w.client.Close()
	for _, drained := range []bool{false, true} {
		w.pace.drained = drained
		w.wake.up()
		require.NoError(t, w.poll(t.Context()))
		require.Equal(t, drained, w.pace.drained)
	}
	w.pace.drained = false
	require.NoError(t, w.poll(t.Context()))
	require.True(t, w.pace.drained)
}
