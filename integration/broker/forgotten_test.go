package broker

import (
	"context"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/abacus-stream/abacus/topology/worker"
)

// A broker that is stopped politely may drop the markers of a committed transaction. Here the records that stay open are
// forged, past a coordinator that knows nothing of them; the app that finds them ends them as their transaction was.
func TestForgottenTransactionIsEnded(t *testing.T) {
	s := newScene(t)
	dead := s.app + "-dead"
	cfg := worker.Config{Workers: 1, StateDir: t.TempDir(), DeadLetters: dead}
	stop := s.start(cfg)
	s.words(100, 7)
	s.settled()
	require.NoError(t, stop())
	last := s.transaction()
	require.Equal(t, "CompleteCommit", last.State)
	s.forge(last, dead)
	require.EqualValues(t, 0, s.stable(dead))

	stop = s.start(cfg)
	s.words(100, 7)
	s.settled()
	require.EqualValues(t, 2, s.stable(dead), "the record and its marker")
	ended := s.journal.FilterMessageSnippet("had forgotten").All()
	require.Len(t, ended, 1)
	require.Equal(t, true, ended[0].ContextMap()["commit"], "it was the epoch of the last commit")
	require.NoError(t, stop())
	s.positionsAgree()
}

// transaction is the last one of the app's only worker.
func (s *scene) transaction() kadm.DescribedTransaction {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	described, err := s.admin.DescribeTransactions(ctx, s.transactionalID(ctx))
	require.NoError(s.t, err)
	for _, told := range described {
		require.NoError(s.t, told.Err)
		return told
	}
	require.Fail(s.t, "no transaction")
	return kadm.DescribedTransaction{}
}

// transactionalID is that of the app's only worker.
func (s *scene) transactionalID(ctx context.Context) string {
	s.t.Helper()
	listed, err := s.admin.ListTransactions(ctx, nil, nil)
	require.NoError(s.t, err)
	ids := []string{}
	for _, id := range listed.TransactionalIDs() {
		if len(id) > len(s.app) && id[:len(s.app)+1] == s.app+"-" {
			ids = append(ids, id)
		}
	}
	require.Len(s.t, ids, 1)
	return ids[0]
}

// stable is where committed readers of a topic with one partition come to.
func (s *scene) stable(topic string) int64 {
	s.t.Helper()
	listed, err := s.admin.ListCommittedOffsets(context.Background(), topic)
	require.NoError(s.t, err)
	at, _ := listed.Lookup(topic, 0)
	return at.Offset
}

// forge writes a record of a committed transaction's producer and epoch into partition 0 of a topic it has not written to:
// by an old protocol, with the broker's check of the transaction off.
func (s *scene) forge(last kadm.DescribedTransaction, topic string) {
	s.t.Helper()
	s.verification("false")
	defer s.verification("true")
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.MaxVersions(kversion.V3_7_0()))
	require.NoError(s.t, err)
	defer client.Close()
	req := kmsg.NewPtrProduceRequest()
	req.TransactionID, req.Acks, req.TimeoutMillis = &last.TxnID, -1, 10_000
	into := kmsg.NewProduceRequestTopic()
	into.Topic = topic
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = batch(last.ProducerID, last.ProducerEpoch-1)
	into.Partitions = append(into.Partitions, p)
	req.Topics = append(req.Topics, into)
	var refused error
	require.Eventually(s.t, func() bool { // the broker hears of the setting a little later
		resp, err := req.RequestWith(context.Background(), client)
		require.NoError(s.t, err)
		refused = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
		return refused == nil
	}, 20*time.Second, 20*time.Millisecond, "%v", &refused)
}

// batch is a transactional batch of one record, the producer's first in its partition.
func batch(producer int64, epoch int16) []byte {
	const transactional = 1 << 4
	now := time.Now().UnixMilli()
	r := kmsg.Record{Key: []byte("forged"), Value: []byte("x")}
	r.Length = int32(len(r.AppendTo(nil)) - 1)
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, Attributes: transactional, FirstTimestamp: now, MaxTimestamp: now,
		ProducerID: producer, ProducerEpoch: epoch, NumRecords: 1, Records: r.AppendTo(nil),
	}
	raw := b.AppendTo(nil)
	b.Length = int32(len(raw) - 12)
	b.CRC = int32(crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b.AppendTo(nil)
}

// verification switches the broker's check that a transaction knows the partitions it writes to.
func (s *scene) verification(on string) {
	s.t.Helper()
	set := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "transaction.partition.verification.enable", Value: &on}}
	altered, err := s.admin.AlterBrokerConfigs(context.Background(), set)
	require.NoError(s.t, err)
	for _, a := range altered {
		require.NoError(s.t, a.Err)
	}
}
