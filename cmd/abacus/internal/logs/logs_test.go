package logs_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/embedded"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
)

// open starts a Kafka and returns a reader of it.
func open(t *testing.T) (*embedded.Services, *logs.Reader) {
	t.Helper()
	services, err := embedded.Open(t.Context(), "x", 3)
	require.NoError(t, err)
	t.Cleanup(services.Close)
	reader, err := logs.Open(services.Brokers...)
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	return services, reader
}

// transact produces records to x.events in one transaction and ends it.
func transact(t *testing.T, s *embedded.Services, commit bool, texts ...string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers...), kgo.TransactionalID("tx"))
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.BeginTransaction())
	for _, text := range texts {
		require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: "x.events", Key: []byte("k"), Value: []byte(text)}).FirstErr())
	}
	require.NoError(t, client.EndTransaction(t.Context(), kgo.TransactionEndTry(commit)))
}

// TestReadCommitted: what was aborted is not read, and a topic that ends in markers has an end.
func TestReadCommitted(t *testing.T) {
	t.Parallel()
	s, r := open(t)
	transact(t, s, true, "one", "two")
	transact(t, s, false, "gone")
	transact(t, s, true, "three")
	transact(t, s, false, "gone too")
	var read []string
	require.NoError(t, r.Read(t.Context(), "x.events", func(rec *kgo.Record) { read = append(read, string(rec.Value)) }))
	require.Equal(t, []string{"one", "two", "three"}, read)
	require.ErrorContains(t, r.Read(t.Context(), "nothing", func(*kgo.Record) {}), "read nothing")
}

// TestLast: the latest value of each key, without those that were deleted.
func TestLast(t *testing.T) {
	t.Parallel()
	s, r := open(t)
	for i, key := range []string{"a", "b", "a", "c", "b"} {
		rec := &kgo.Record{Topic: "x.stats", Key: []byte(key), Value: fmt.Append(nil, i)}
		if i == 4 {
			rec.Value = nil
		}
		require.NoError(t, s.Client.ProduceSync(t.Context(), rec).FirstErr())
	}
	last, err := r.Last(t.Context(), "x.stats")
	require.NoError(t, err)
	require.Len(t, last, 2)
	require.Equal(t, "2", string(last["a"].Value))
	require.Equal(t, "3", string(last["c"].Value))
}

// TestBehind: markers are nothing that a group could be behind of.
func TestBehind(t *testing.T) {
	t.Parallel()
	s, r := open(t)
	behind := func() int64 {
		n, err := r.Behind(t.Context(), "g", "x.events")
		require.NoError(t, err)
		return n
	}
	require.Zero(t, behind())
	transact(t, s, true, "one", "two")
	require.Equal(t, int64(2), behind())
	read := kadm.Offsets{}
	require.NoError(t, r.Read(t.Context(), "x.events", func(rec *kgo.Record) {
		read.AddOffset(rec.Topic, rec.Partition, rec.Offset+1, -1)
	}))
	require.NoError(t, r.Admin().CommitAllOffsets(t.Context(), "g", read))
	require.Zero(t, behind(), "only the marker lies behind")
	transact(t, s, true, "three")
	require.Equal(t, int64(1), behind())
	missing, err := r.Behind(t.Context(), "g", "nothing")
	require.NoError(t, err)
	require.Positive(t, missing, "a topic that is yet to come")
}

// TestReadStops: reading ends with its context.
func TestReadStops(t *testing.T) {
	t.Parallel()
	s, r := open(t)
	transact(t, s, true, "one")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cancel()
	require.ErrorIs(t, r.Read(ctx, "x.events", func(*kgo.Record) {}), context.Canceled)
}
