package feed_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/embedded"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/feed"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/topology"
)

const partitions = 3

// TestFeed: events lie where any client would put them, keyed by unit, and the marks behind them in every partition.
func TestFeed(t *testing.T) {
	ctx := t.Context()
	services, err := embedded.Open(ctx, "x", partitions)
	require.NoError(t, err)
	defer services.Close()
	f := feed.New(services.Client, "x.events")
	for _, unit := range []string{"ann", "bob", "cid"} {
		ev := event.Event{ID: []byte("x" + unit), Type: []byte("exposure"), Unit: []byte(unit), Experiment: []byte("shop"), Variant: []byte("a"), Time: 1e12}
		require.NoError(t, f.Send(ctx, &ev))
	}
	require.NoError(t, f.Send(ctx, &event.Event{ID: []byte("p"), Type: []byte("purchase"), Unit: []byte("ann"), Time: 1e12}))
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.End(ctx, partitions, 2e12, 3e12, "shop"))
	require.Equal(t, int64(4), f.Sent())
	require.True(t, f.Named("shop"))
	require.False(t, f.Named("other"))

	reader, err := logs.Open(services.Brokers...)
	require.NoError(t, err)
	defer reader.Close()
	last, sent := map[int32]string{}, 0
	require.NoError(t, reader.Read(ctx, "x.events", func(rec *kgo.Record) {
		var ev struct{ Type, Unit, Experiment string }
		require.NoError(t, json.Unmarshal(rec.Value, &ev))
		if last[rec.Partition] = ev.Type; ev.Type == units.EndOfInput {
			require.Equal(t, "shop", ev.Experiment)
			return
		}
		sent++
		require.Equal(t, ev.Unit, string(rec.Key))
		require.Equal(t, topology.PartitionOf(rec.Key, partitions), rec.Partition)
	}))
	require.Equal(t, 4, sent)
	for p := range int32(partitions) {
		require.Equal(t, units.EndOfInput, last[p])
	}
}

// TestFeedInMessagePack: the same events, in their other encoding.
func TestFeedInMessagePack(t *testing.T) {
	services, err := embedded.Open(t.Context(), "x", partitions)
	require.NoError(t, err)
	defer services.Close()
	f := feed.New(services.Client, "x.events")
	f.MsgPack()
	sent := event.Event{ID: []byte("p"), Type: []byte("purchase"), Unit: []byte("ann"), Value: event.NewDecimal(125, 2), HasValue: true, Time: 1e12}
	require.NoError(t, f.Send(t.Context(), &sent))
	require.NoError(t, f.Flush(t.Context()))

	reader, err := logs.Open(services.Brokers...)
	require.NoError(t, err)
	defer reader.Close()
	var values []string
	require.NoError(t, reader.Read(t.Context(), "x.events", func(rec *kgo.Record) { values = append(values, string(rec.Value)) }))
	require.Equal(t, []string{"\x85\xa2id\xa1p\xa4type\xa8purchase\xa4unit\xa3ann\xa5value\xa41.25\xa2ts\xcf\x00\x00\x00\xe8\xd4\xa5\x10\x00"}, values)
}

// TestFeedTellsOfFailures: an event that could not be produced is told of by what follows.
func TestFeedTellsOfFailures(t *testing.T) {
	services, err := embedded.Open(t.Context(), "x", partitions)
	require.NoError(t, err)
	defer services.Close()
	f := feed.New(services.Client, "x.events")
	huge := event.Event{ID: []byte("x"), Type: []byte("exposure"), Unit: make([]byte, 2<<20), Time: 1e12}
	_ = f.Send(t.Context(), &huge)
	require.ErrorContains(t, f.Flush(t.Context()), "produce to x.events")
}
