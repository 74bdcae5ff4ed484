package embedded_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/embedded"
)

// TestAppendTimes: what is written in a transaction has the time of the append, whatever its writer says and however its
// batches are compressed; nothing else of it changes.
func TestAppendTimes(t *testing.T) {
	services, err := embedded.Open(context.Background(), "x", 1)
	require.NoError(t, err)
	t.Cleanup(services.Close)
	for i, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
		writer, err := kgo.NewClient(kgo.SeedBrokers(services.Brokers...), kgo.TransactionalID("tx"), kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic("x.events"))
		require.NoError(t, err)
		require.NoError(t, writer.BeginTransaction())
		for j := range 50 {
			writer.Produce(t.Context(), &kgo.Record{
				Key: fmt.Appendf(nil, "%d-%d", i, j), Value: make([]byte, 3*j), Timestamp: time.UnixMilli(1_000_000_000_000 + int64(j)*7777),
				Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}},
			}, nil)
		}
		require.NoError(t, writer.Flush(t.Context()))
		require.NoError(t, writer.EndTransaction(t.Context(), kgo.TryCommit))
		writer.Close()
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(services.Brokers...), kgo.ConsumeTopics("x.events"), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer reader.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for n := 0; n < 150; {
		fetches := reader.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(rec *kgo.Record) {
			i, j := n/50, n%50
			require.Equal(t, fmt.Sprintf("%d-%d", i, j), string(rec.Key))
			require.Len(t, rec.Value, 3*j)
			require.Len(t, rec.Headers, 1)
			require.WithinDuration(t, time.Now(), rec.Timestamp, time.Minute)
			n++
		})
	}
}
