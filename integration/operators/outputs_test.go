package operators

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// pair is a record of an output, without its place.
type pair struct {
	key, value string
	deleted    bool
}

// outputs are the records of the topics that are looked at, in the order of each partition.
type outputs map[string][]pair

// lines are what two runs are compared by.
func (o outputs) lines(topic string, as compared) (all []string) {
	latest := map[string]string{}
	for _, p := range o[topic] {
		line := fmt.Sprintf("%q = %q", p.key, p.value)
		if p.deleted {
			line = fmt.Sprintf("%q deleted", p.key)
		}
		if latest[p.key] = line; p.deleted {
			delete(latest, p.key)
		}
		all = append(all, line)
	}
	if as == last {
		all = nil
		for _, line := range latest {
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}

// topology is that of the scene.
func (s *scene) topology() *topology.Topology {
	s.t.Helper()
	var b topology.Builder
	s.app.build(&b, s.name)
	topo, err := b.Build(s.name)
	require.NoError(s.t, err)
	return topo
}

// expected are the outputs that topologytest makes of the input, in one go.
func (s *scene) expected(in *input) outputs {
	s.t.Helper()
	d := topologytest.New(s.t, s.topology(), topologytest.Config{Tasks: partitions, Workers: 2})
	for _, phase := range in.phases {
		for _, r := range phase {
			rec := task.Record{Appended: r.at, Key: []byte(r.key), Value: []byte(r.value)}
			if r.deleted {
				rec.Value = nil
			}
			d.PipeTo(s.name+"-"+r.topic, r.partition, rec)
		}
		d.Run()
	}
	want := outputs{}
	for topic := range s.app.outputs {
		for _, r := range d.Records(s.name + "-" + topic) {
			want[topic] = append(want[topic], pair{string(r.Key), string(r.Value), r.Value == nil})
		}
		require.NotEmpty(s.t, want[topic], "nothing comes out at %s: the test shows nothing", topic)
	}
	return want
}

// reader has read the output topics, committed records only.
type reader struct {
	s      *scene
	client *kgo.Client
	topics []string
	at     map[string]int64 // next offset by place
	got    outputs
}

func (s *scene) read() *reader {
	s.t.Helper()
	r := &reader{s: s, at: map[string]int64{}, got: outputs{}}
	for topic := range s.app.outputs {
		r.topics = append(r.topics, s.name+"-"+topic)
	}
	var err error
	r.client, err = kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.ConsumeTopics(r.topics...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(100*time.Millisecond), kgo.MetadataMinAge(50*time.Millisecond))
	require.NoError(s.t, err)
	s.t.Cleanup(r.client.Close)
	return r
}

// toEnd reads what is committed by now.
func (r *reader) toEnd() {
	r.s.t.Helper()
	ctx, cancel := context.WithTimeout(r.s.t.Context(), patience)
	defer cancel()
	ends, err := r.s.admin.ListCommittedOffsets(ctx, r.topics...)
	require.NoError(r.s.t, err)
	require.NoError(r.s.t, ends.Error())
	for !r.reached(ends) {
		fetches := r.client.PollFetches(ctx)
		require.NoError(r.s.t, ctx.Err(), "reading the outputs")
		fetches.EachRecord(func(rec *kgo.Record) {
			r.at[placeOf(rec.Topic, rec.Partition)] = rec.Offset + 1
			if !rec.Attrs.IsControl() {
				topic := rec.Topic[len(r.s.name)+1:]
				r.got[topic] = append(r.got[topic], pair{string(rec.Key), string(rec.Value), rec.Value == nil})
			}
		})
	}
}

func (r *reader) reached(ends kadm.ListedOffsets) bool {
	all := true
	ends.Each(func(o kadm.ListedOffset) { all = all && r.at[placeOf(o.Topic, o.Partition)] >= o.Offset })
	return all
}

func placeOf(topic string, partition int32) string { return fmt.Sprint(topic, "/", partition) }

// differing is the first topic that is not as it should be.
func (r *reader) differing(want outputs) string {
	r.s.t.Helper()
	r.toEnd()
	for topic, as := range r.s.app.outputs {
		if !slices.Equal(want.lines(topic, as), r.got.lines(topic, as)) {
			return topic
		}
	}
	return ""
}

// check fails unless the outputs are those expected.
func (r *reader) check(t testing.TB, want outputs) {
	t.Helper()
	r.toEnd()
	for topic, as := range r.s.app.outputs {
		require.Equal(t, want.lines(topic, as), r.got.lines(topic, as), topic)
	}
}
