package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/result"
)

// total is what an experiment's total says of one metric, all variants together.
type total struct {
	n   int64
	sum int64 // in hundredths
}

// totals reads the committed totals of a stats topic from its present end on, as any consumer would.
type totals struct {
	client *kgo.Client
	metric string
	latest map[string]total // by experiment
}

func (s *stage) totals(ctx context.Context) (*totals, error) {
	ends, err := s.admin.ListEndOffsets(ctx, s.stats())
	if err != nil {
		return nil, err
	}
	at := map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) { at[o.Partition] = kgo.NewOffset().At(o.Offset) })
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{s.stats(): at}))
	if err != nil {
		return nil, err
	}
	return &totals{client: client, metric: s.metric, latest: map[string]total{}}, nil
}

// next waits for records and hands the totals among them to visit.
func (t *totals) next(ctx context.Context, visit func(experiment string, now total)) error {
	fetches := t.client.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		return err
	}
	var failed error
	fetches.EachRecord(func(r *kgo.Record) {
		name, isTotal := strings.CutSuffix(string(r.Key), "|"+result.Total)
		if !isTotal || r.Value == nil || failed != nil {
			return
		}
		var now total
		if now, failed = t.parse(r.Value); failed == nil {
			t.latest[name] = now
			visit(name, now)
		}
	})
	return failed
}

func (t *totals) parse(value []byte) (now total, err error) {
	var rec *result.Record
	if err := result.Codec.Parse(value, &rec); err != nil {
		return now, err
	}
	for name, v := range rec.Metrics[t.metric].Variants {
		sum, err := strconv.ParseInt(strings.Replace(v.Sum, ".", "", 1), 10, 64)
		if err != nil || v.N == nil {
			return now, fmt.Errorf("total of %s, %s: n %v, sum %q: %w", rec.Experiment, name, v.N, v.Sum, err)
		}
		now.n, now.sum = now.n+*v.N, now.sum+sum
	}
	return now, nil
}

// sum is that of all experiments.
func (t *totals) sum() (sum int64) {
	for _, now := range t.latest {
		sum += now.sum
	}
	return sum
}
