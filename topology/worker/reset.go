package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
)

// Beginning is where an app begins after a reset: its zero value is the beginning of its source topics. At most one field
// is set.
type Beginning struct {
	Time   time.Time // the first record appended then or later
	Offset int64     // this one of every partition, or the end of its log that is nearer
	End    bool      // behind all records that are there
}

// Reset is what an app's reset does, as Kafka Streams' application reset tool: its internal topics are deleted, and its
// group has no offsets but those of the beginning. PlanReset makes one, Do carries it out.
//
// Local state need not be deleted: the next start finds that it is of topics that are gone, and rebuilds it. Outputs,
// sources and global tables stay as they are.
type Reset struct {
	App     string                     // also the name of the group
	Topics  []string                   // that are deleted: changelogs and repartition topics that exist, also of former topologies; add outputs at will
	Offsets map[string]map[int32]int64 // that are committed, by source topic and partition; none for the beginning of topics
	Kept    []string                   // outputs: what they hold was computed before

	topo *topology.Topology
	cfg  Config
}

// ErrActive says that an app has members, which have to be stopped before it is reset.
var ErrActive = errors.New("the app is running: stop its processes; one that was killed is a member until its session times out")

// PlanReset says what a reset of an app would do, and does none of it. Of the configuration it uses Brokers, Dial, Client and
// Logger. Errors: ErrActive, and those of the cluster.
func PlanReset(ctx context.Context, t *topology.Topology, cfg Config, from Beginning) (*Reset, error) {
	if err := from.Validate(); err != nil {
		return nil, err
	}
	r := &Reset{App: t.App, topo: t, cfg: cfg}
	return r, r.with(func(a *App) error { return r.plan(ctx, a, from) })
}

// Validate fails for more than one field that is set, and for an offset below 0.
func (b Beginning) Validate() error {
	set := 0
	for _, is := range []bool{!b.Time.IsZero(), b.Offset != 0, b.End} {
		if is {
			set++
		}
	}
	if set > 1 {
		return errors.New("reset: begin at a time, at an offset or at the end: one of them")
	}
	if b.Offset < 0 {
		return fmt.Errorf("reset: offset %d: at least 0", b.Offset)
	}
	return nil
}

// with lends an app that has clients and runs nothing.
func (r *Reset) with(do func(a *App) error) error {
	a, err := New(r.topo, r.cfg)
	if err != nil {
		return err
	}
	if a.client, err = kgo.NewClient(a.cfg.base(r.App)...); err != nil {
		return fmt.Errorf("reset of %s: client: %w", r.App, err)
	}
	defer a.client.Close()
	a.admin = kadm.NewClient(a.client)
	if err := do(a); err != nil {
		return fmt.Errorf("reset of %s: %w", r.App, err)
	}
	return nil
}

func (r *Reset) plan(ctx context.Context, a *App, from Beginning) error {
	if err := a.deserted(ctx); err != nil {
		return err
	}
	known, err := a.list(ctx)
	if err != nil {
		return err
	}
	notes, err := a.notes(ctx)
	if err != nil {
		return err
	}
	r.Topics = a.lostTopics(notes, known)
	var sources []string
	for _, sub := range r.topo.Subs {
		for _, topic := range topicsOf(sub) {
			if known.partitions[topic] > 0 && a.made(topic) {
				r.Topics = append(r.Topics, topic)
			}
		}
		for _, src := range sub.Sources {
			if !src.Repartition {
				sources = append(sources, src.Topic)
			}
		}
		for _, sink := range sub.Sinks {
			if !sink.Repartition {
				r.Kept = append(r.Kept, sink.Topic)
			}
		}
	}
	for _, list := range []*[]string{&r.Topics, &r.Kept, &sources} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	r.Offsets, err = a.beginnings(ctx, sources, from)
	return err
}

// made says that a topic of the topology is one that the app creates, and not a source or a table of the user's.
func (a *App) made(topic string) bool {
	for _, sub := range a.topo.Subs {
		for _, src := range sub.Sources {
			if src.Topic == topic && !src.Repartition {
				return false
			}
		}
	}
	return true
}

// deserted refuses a group that has members.
func (a *App) deserted(ctx context.Context) error {
	groups, err := a.admin.DescribeGroups(ctx, a.topo.App)
	if err != nil {
		return fmt.Errorf("describe group: %w", err)
	}
	if n := len(groups[a.topo.App].Members); n > 0 {
		return fmt.Errorf("group %s has %d members: %w", a.topo.App, n, ErrActive)
	}
	return nil
}

// beginnings are the offsets of a beginning, none for that of the topics.
func (a *App) beginnings(ctx context.Context, sources []string, from Beginning) (map[string]map[int32]int64, error) {
	if from == (Beginning{}) {
		return nil, nil
	}
	starts, err := a.admin.ListStartOffsets(ctx, sources...)
	if err != nil {
		return nil, err
	}
	ends, err := a.admin.ListEndOffsets(ctx, sources...)
	if err != nil {
		return nil, err
	}
	at := ends
	if !from.Time.IsZero() {
		if at, err = a.admin.ListOffsetsAfterMilli(ctx, from.Time.UnixMilli(), sources...); err != nil {
			return nil, err
		}
	}
	all := map[string]map[int32]int64{}
	err = errors.Join(starts.Error(), ends.Error(), at.Error())
	at.Each(func(o kadm.ListedOffset) {
		if all[o.Topic] == nil {
			all[o.Topic] = map[int32]int64{}
		}
		all[o.Topic][o.Partition] = o.Offset
		if from.Offset > 0 {
			start, _ := starts.Lookup(o.Topic, o.Partition)
			all[o.Topic][o.Partition] = min(max(from.Offset, start.Offset), o.Offset)
		}
	})
	return all, err
}

// Do carries a reset out: first the group, which cannot be deleted while it has members, then the topics. What an error
// leaves undone the next try does. Errors: ErrActive, and those of the cluster.
func (r *Reset) Do(ctx context.Context) error {
	return r.with(func(a *App) error {
		if err := a.deserted(ctx); err != nil {
			return err
		}
		if _, err := a.admin.DeleteGroup(ctx, r.App); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return fmt.Errorf("delete group: %w", err)
		}
		if err := a.deleteTopics(ctx, r.Topics); err != nil || len(r.Offsets) == 0 {
			return err
		}
		offsets := kadm.Offsets{}
		for topic, partitions := range r.Offsets {
			for p, at := range partitions {
				offsets.AddOffset(topic, p, at, -1)
			}
		}
		if err := a.admin.CommitAllOffsets(ctx, r.App, offsets); err != nil {
			return fmt.Errorf("commit offsets: %w", err)
		}
		return nil
	})
}

func (a *App) deleteTopics(ctx context.Context, topics []string) error {
	if len(topics) == 0 {
		return nil
	}
	deleted, err := a.admin.DeleteTopics(ctx, topics...)
	if err != nil {
		return fmt.Errorf("delete topics: %w", err)
	}
	for _, t := range deleted.Sorted() {
		if t.Err != nil && !errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
			return fmt.Errorf("delete topic %s: %w", t.Topic, t.Err)
		}
	}
	return a.gone(ctx, topics)
}

// gone waits until the cluster shows topics no more: who starts at once would else take them for his.
func (a *App) gone(ctx context.Context, topics []string) error {
	for {
		left, err := a.list(ctx, topics...)
		if err != nil || len(left.partitions) == 0 {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("waiting until %d topics are deleted: %w", len(left.partitions), err)
		}
	}
}

// String is the plan, a line each.
func (r *Reset) String() string {
	var b strings.Builder
	for _, topic := range r.Topics {
		fmt.Fprintf(&b, "delete topic %s\n", topic)
	}
	fmt.Fprintf(&b, "delete the offsets of group %s\n", r.App)
	topics := make([]string, 0, len(r.Offsets))
	for topic := range r.Offsets {
		topics = append(topics, topic)
	}
	slices.Sort(topics)
	for _, topic := range topics {
		for p := range int32(len(r.Offsets[topic])) {
			fmt.Fprintf(&b, "begin %s/%d at offset %d\n", topic, p, r.Offsets[topic][p])
		}
	}
	for _, topic := range r.Kept {
		fmt.Fprintf(&b, "keep output %s with what it holds\n", topic)
	}
	return b.String()
}
