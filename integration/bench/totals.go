package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors"
)

// total is what a group of events comes to: those of an experiment, all variants together, or of a variant.
type total struct {
	n   int64
	sum int64 // in hundredths
}

// totals reads the committed results of a job from their present end on, as any consumer would.
type totals struct {
	client *kgo.Client
	read   reader
	latest map[string]total // by key of the topic
	groups map[string]total // sums of these
	all    total
}

// reader reads a result: the group of events that it counts, or a part of; a group without name is none.
type reader func(r *kgo.Record) (group string, now total, err error)

func (s *stage) totals(ctx context.Context, j job) (*totals, error) {
	at, err := s.from(ctx, j)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{j.results(): at}))
	if err != nil {
		return nil, err
	}
	read := map[string]reader{"engine": statsOf(s.metric), "windows": windowOf, "streams": streamsWindowOf}[j.Contender]
	return &totals{client: client, read: read, latest: map[string]total{}, groups: map[string]total{}}, nil
}

// from is where the results of a job will begin: those of windows have a topic of their own, which is new.
func (s *stage) from(ctx context.Context, j job) (map[int32]kgo.Offset, error) {
	at := map[int32]kgo.Offset{}
	if j.windowed() {
		for p := range int32(partitions) {
			at[p] = kgo.NewOffset().AtStart()
		}
		return at, nil
	}
	ends, err := s.admin.ListEndOffsets(ctx, j.results())
	if err == nil {
		err = ends.Error()
	}
	ends.Each(func(o kadm.ListedOffset) { at[o.Partition] = kgo.NewOffset().At(o.Offset) })
	return at, err
}

// next waits for records and hands the totals of their groups to visit.
func (t *totals) next(ctx context.Context, visit func(group string, now total)) error {
	fetches := t.client.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		return err
	}
	var failed error
	fetches.EachRecord(func(r *kgo.Record) {
		if r.Value == nil || failed != nil {
			return
		}
		var group string
		var now total
		if group, now, failed = t.read(r); failed == nil && group != "" {
			visit(group, t.take(group, string(r.Key), now))
		}
	})
	return failed
}

// take has a result replace the one that its key had.
func (t *totals) take(group, key string, now total) total {
	was := t.latest[key]
	n, sum := now.n-was.n, now.sum-was.sum
	g := t.groups[group]
	g.n, g.sum = g.n+n, g.sum+sum
	t.latest[key], t.groups[group] = now, g
	t.all.n, t.all.sum = t.all.n+n, t.all.sum+sum
	return g
}

// statsOf reads the totals of experiments from a stats topic.
func statsOf(metric string) reader {
	return func(r *kgo.Record) (group string, now total, err error) {
		name, isTotal := strings.CutSuffix(string(r.Key), "|"+result.Total)
		if !isTotal {
			return "", now, nil
		}
		var rec *result.Record
		if err := result.Codec.Parse(r.Value, &rec); err != nil {
			return name, now, err
		}
		for variant, v := range rec.Metrics[metric].Variants {
			sum, err := strconv.ParseInt(strings.Replace(v.Sum, ".", "", 1), 10, 64)
			if err != nil || v.N == nil {
				return name, now, fmt.Errorf("total of %s, %s: n %v, sum %q: %w", rec.Experiment, variant, v.N, v.Sum, err)
			}
			now.n, now.sum = now.n+*v.N, now.sum+sum
		}
		return name, now, nil
	}
}

// windowOf reads a window of our topology.
func windowOf(r *kgo.Record) (group string, now total, err error) {
	var w processors.Windowed[string]
	if err := (processors.WindowedCodec[string]{Key: codecs.String}).Parse(r.Key, &w); err != nil {
		return "", now, err
	}
	now, err = tallied(r.Value)
	return w.Key, now, err
}

// streamsWindowOf reads a window of Kafka Streams, whose key ends with its start.
func streamsWindowOf(r *kgo.Record) (group string, now total, err error) {
	const start = 8
	if len(r.Key) <= start {
		return "", now, fmt.Errorf("key of %d bytes has no window", len(r.Key))
	}
	now, err = tallied(r.Value)
	return string(r.Key[:len(r.Key)-start]), now, err
}

func tallied(value []byte) (now total, err error) {
	var t tally
	err = tallyCodec{}.Parse(value, &t)
	return total{t.count, t.sum}, err
}
