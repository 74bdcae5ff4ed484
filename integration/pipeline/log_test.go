package pipeline

import (
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// read gives the committed records of a topic up to the end that it has now, each partition in
// order. It waits for transactions that are open below that end.
func (p *pipeline) read(topic string) []*kgo.Record {
	p.t.Helper()
	ctx, cancel := p.context()
	defer cancel()
	ends, err := p.admin.ListEndOffsets(ctx, topic)
	require.NoError(p.t, err)
	return p.between(topic, nil, ends)
}

// visible gives what a committed reader sees at this moment, whatever transactions are open.
func (p *pipeline) visible(topic string) []*kgo.Record {
	p.t.Helper()
	ctx, cancel := p.context()
	defer cancel()
	ends, err := p.admin.ListCommittedOffsets(ctx, topic)
	require.NoError(p.t, err)
	return p.between(topic, nil, ends)
}

// between reads the partitions of a topic from the given offsets, 0 where there are none.
func (p *pipeline) between(topic string, from map[int32]int64, ends kadm.ListedOffsets) (all []*kgo.Record) {
	p.t.Helper()
	require.NoError(p.t, ends.Error())
	at, left := map[int32]kgo.Offset{}, map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if from[o.Partition] < o.Offset {
			at[o.Partition], left[o.Partition] = kgo.NewOffset().At(from[o.Partition]), o.Offset
		}
	})
	if len(left) == 0 {
		return nil
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(p.brokers...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: at}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(p.t, err)
	defer client.Close()
	ctx, cancel := p.context()
	defer cancel()
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		require.NoError(p.t, fetches.Err(), "read %s, %d partitions left", topic, len(left))
		fetches.EachRecord(func(r *kgo.Record) {
			end, open := left[r.Partition]
			if open && r.Offset < end && !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= end { // at the end lies a record that counts, or a marker
				delete(left, r.Partition)
			}
		})
	}
	return all
}

// last gives the latest value of every key of a topic that is not deleted.
func (p *pipeline) last(topic string) map[string][]byte {
	p.t.Helper()
	last := map[string][]byte{}
	for _, r := range p.read(topic) {
		if last[string(r.Key)] = r.Value; r.Value == nil {
			delete(last, string(r.Key))
		}
	}
	return last
}

// stable waits until no transaction holds the app's offsets.
func (p *pipeline) stable() {
	ctx, cancel := p.context()
	defer cancel()
	for ctx.Err() == nil {
		if committed, err := p.admin.FetchOffsets(kadm.RequireStable(ctx), p.prefix); err == nil && committed.Error() == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// behind is how many records of a topic the app has not processed. A topic that the app has not
// created yet counts as one.
func (p *pipeline) behind(topic string) int {
	p.t.Helper()
	ctx, cancel := p.context()
	defer cancel()
	ends, err := p.admin.ListEndOffsets(ctx, topic)
	require.NoError(p.t, err)
	if ends.Error() != nil {
		return 1
	}
	committed, err := p.admin.FetchOffsets(kadm.RequireStable(ctx), p.prefix)
	if err != nil || committed.Error() != nil {
		return 1 // offsets of an open transaction
	}
	from, gap := map[int32]int64{}, int64(0)
	ends.Each(func(o kadm.ListedOffset) {
		if c, ok := committed.Lookup(topic, o.Partition); ok {
			from[o.Partition] = max(c.At, 0)
		}
		gap += o.Offset - from[o.Partition]
	})
	if gap > 1000 {
		return int(gap) // more than markers: no need to look
	}
	return len(p.between(topic, from, ends))
}
