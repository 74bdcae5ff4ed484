package worker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/abacus-stream/abacus/topology"
)

// topics is what the app knows of its topics.
type topics struct {
	partitions map[string]int
	ids        map[string][16]byte
	limits     map[string]int32 // largest batch, of those that it writes
	byAppend   map[string]bool  // of the sources of tables: timestamps are times of append
}

// plan is a topic to be created.
type plan struct {
	name       string
	partitions int
	of         string // the source that has as many, empty: the number is fixed
	configs    map[string]*string
	changelog  bool
	otherwise  string // what to do where a fixed number is another
}

// whyFixed is why a number of partitions stays.
const whyFixed = "the number of partitions of a source never changes, as keys would move to other partitions and their state would not"

// refused is the fault of a topic that is there with another number of partitions.
func (p plan) refused(have int) error {
	if p.of == "" {
		return fmt.Errorf("topic %s has %d partitions, %d are needed: %s", p.name, have, p.partitions, p.otherwise)
	}
	return fmt.Errorf("%s has %d partitions, the app has begun with %d, as topic %s has: %s; start a new app under another name, or %w", p.of, p.partitions, have, p.name, whyFixed, errRefused)
}

func setting(kv ...string) map[string]*string {
	m := map[string]*string{"message.timestamp.type": kadm.StringPtr("LogAppendTime")}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kadm.StringPtr(kv[i+1])
	}
	return m
}

const month = "2592000000" // 30 days in ms

// hour, in ms, is for how long a row that a commit without a transaction has written does not remove
// the one before it: the commit may have been cut off.
const hour = "3600000"

// ensureTopics creates what is internal to the app and checks that its sources exist.
func (a *App) ensureTopics(ctx context.Context) (*topics, error) {
	known, plans, err := a.planned(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.checkChange(ctx, known); err != nil {
		return nil, err
	}
	for _, p := range plans {
		if have, ok := known.partitions[p.name]; ok {
			if have != p.partitions {
				return nil, p.refused(have)
			}
			continue
		}
		_, err := a.admin.CreateTopic(ctx, int32(p.partitions), int16(a.cfg.Replication), p.configs, p.name)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return nil, fmt.Errorf("create topic %s: %w", p.name, err)
		}
	}
	byAppend := a.checkSettings(ctx, plans, known.partitions)
	known, err = a.settle(ctx, plans)
	if err != nil {
		return nil, err
	}
	known.byAppend = byAppend
	known.limits = a.limits(ctx)
	return known, nil
}

var errNoTopic = errors.New("does not exist: create it first")

// planned plans the internal topics. A topic of the user that was created a moment ago may not have
// reached the broker that answers: a missing one is looked for a while.
func (a *App) planned(ctx context.Context) (*topics, []plan, error) {
	for deadline := time.Now().Add(2 * time.Second); ; {
		known, err := a.list(ctx)
		if err != nil {
			return nil, nil, err
		}
		plans, err := a.plans(known.partitions)
		if !errors.Is(err, errNoTopic) || time.Now().After(deadline) {
			return known, plans, err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, nil, err
		}
	}
}

// settle waits until the cluster's metadata shows every planned topic.
func (a *App) settle(ctx context.Context, plans []plan) (*topics, error) {
	for {
		known, err := a.list(ctx)
		if err != nil {
			return nil, err
		}
		missing := ""
		for _, p := range plans {
			if known.partitions[p.name] == 0 {
				missing = p.name
			}
		}
		if missing == "" {
			return known, nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, fmt.Errorf("waiting for topic %s: %w", missing, err)
		}
	}
}

// list looks topics up by name, all of the cluster without one; what does not exist is left out.
func (a *App) list(ctx context.Context, names ...string) (*topics, error) {
	details, err := a.admin.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	t := &topics{partitions: map[string]int{}, ids: map[string][16]byte{}}
	for name, d := range details {
		if d.Err == nil {
			t.partitions[name], t.ids[name] = len(d.Partitions), d.ID
		}
	}
	return t, nil
}

// plans are the internal topics, with partitions as their sources have them.
func (a *App) plans(known map[string]int) ([]plan, error) {
	var plans []plan
	add := func(name string, n int, of string, configs map[string]*string) {
		plans = append(plans, plan{name: name, partitions: n, of: of, configs: configs})
	}
	counts := map[string]int{} // of repartition topics
	for _, s := range a.topo.Subs {
		n, of, err := a.tasks(s, known, counts)
		if err != nil {
			return nil, err
		}
		for _, sink := range s.Sinks {
			if !sink.Repartition && known[sink.Topic] == 0 {
				return nil, fmt.Errorf("sink topic %s %w", sink.Topic, errNoTopic)
			}
			if _, planned := counts[sink.Topic]; sink.Repartition && !planned {
				counts[sink.Topic] = n
				add(sink.Topic, n, of, setting("cleanup.policy", "delete", "retention.ms", "-1"))
			}
		}
		for _, store := range s.Stores {
			if store.SourceTopic != "" {
				continue
			}
			plans = append(plans, plan{name: s.Changelog(store), partitions: n, of: of, configs: a.changelog(store), changelog: true})
		}
	}
	asides := func() map[string]*string { return setting("cleanup.policy", "delete", "retention.ms", month) }
	plans = append(plans,
		plan{name: a.cfg.DeadLetters, partitions: 1, configs: asides(), otherwise: "name another one as Config.DeadLetters"},
		plan{name: a.cfg.Lates, partitions: 1, configs: asides(), otherwise: "name another one as Config.Lates"})
	for _, g := range a.topo.Globals {
		plans = append(plans, plan{name: g, partitions: 1, configs: setting("cleanup.policy", "compact"), otherwise: "a global table is one log; copy its rows to a topic of one partition, or join by topology.FromTable"})
	}
	return plans, nil
}

// changelog are the settings of the changelog of a store. What a store with a retention trims has no tombstones: the
// broker deletes it, by the wall clock, ChangelogSlack after the rows are of no more use.
func (a *App) changelog(store topology.Store) map[string]*string {
	ms := func(n int64) string { return strconv.FormatInt(n, 10) }
	configs := setting("cleanup.policy", "compact", "delete.retention.ms", ms(tombstones.Milliseconds()))
	if a.cfg.Guarantee == AtLeastOnce {
		configs["min.compaction.lag.ms"] = kadm.StringPtr(hour)
	}
	if store.Retention > 0 {
		configs["cleanup.policy"] = kadm.StringPtr("compact,delete")
		configs["retention.ms"] = kadm.StringPtr(ms(store.Retention + a.cfg.ChangelogSlack.Milliseconds()))
	}
	return configs
}

// tasks is the number of tasks of a sub-topology: the partitions of its sources, which must agree,
// and the first of these.
func (a *App) tasks(s *topology.Sub, known, counts map[string]int) (n int, first string, err error) {
	for _, src := range s.Sources {
		have, ok := counts[src.Topic]
		if !ok {
			have, ok = known[src.Topic]
		}
		if !ok && src.Repartition {
			continue
		}
		if !ok {
			return 0, "", fmt.Errorf("source topic %s %w", src.Topic, errNoTopic)
		}
		if n != 0 && have != n {
			return 0, "", fmt.Errorf("sources of %s are not co-partitioned: %s has %d partitions, %s has %d; topics that are read together need equally many", s.Name, first, n, src.Topic, have)
		}
		n, first = have, src.Topic
	}
	if n == 0 {
		return 0, "", fmt.Errorf("sub-topology %s: none of its sources exists", s.Name)
	}
	return n, first, nil
}
