package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology"
)

// checkChange fails where the topology has changed so that something would be lost silently: internal
// topics that the committed offsets stand for, and that it does not have any more. Whoever means it
// deletes them. Steps without state may change as they like; a new store begins empty, and that is said.
func (a *App) checkChange(ctx context.Context, known *topics) error {
	notes, err := a.notes(ctx)
	if err != nil || len(notes) == 0 {
		return err
	}
	lost := a.lostTopics(notes, known)
	if len(lost) > 0 {
		faults := []error{errors.New("the topology is not the one that the committed offsets are of")}
		for _, topic := range lost {
			faults = append(faults, a.explain(topic))
		}
		return errors.Join(append(faults, fmt.Errorf("give the nodes the names that they had; if it is meant, delete %s and start again; to process everything anew, %w",
			strings.Join(lost, " and "), errRefused))...)
	}
	a.tellNew(notes, known)
	return nil
}

// notes are those of the committed offsets, by source topic.
func (a *App) notes(ctx context.Context) (map[string][]note, error) {
	var resp kadm.OffsetResponses
	err := untilAnswered(ctx, func() (err error) {
		resp, err = a.admin.FetchOffsets(ctx, a.topo.App)
		return err
	})
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil // the first start
	}
	if err != nil {
		return nil, fmt.Errorf("committed offsets: %w", err)
	}
	notes := map[string][]note{}
	resp.Each(func(o kadm.OffsetResponse) {
		if n, ok := readNote(o.Metadata); ok {
			notes[o.Topic] = append(notes[o.Topic], n)
		}
	})
	return notes, nil
}

// lostTopics are changelogs that notes name and repartition topics that have offsets, which exist and
// are not of the topology.
func (a *App) lostTopics(notes map[string][]note, known *topics) (lost []string) {
	ours := map[string]bool{}
	for _, sub := range a.topo.Subs {
		for _, topic := range topicsOf(sub) {
			ours[topic] = true
		}
	}
	all := slices.Concat(slices.Collect(maps.Values(notes))...)
	for topic, id := range known.ids {
		_, read := notes[topic]
		internal := read && a.internal(topic, repartitionSuffix) ||
			slices.ContainsFunc(all, func(n note) bool { return n.names(topic, id) })
		if internal && !ours[topic] {
			lost = append(lost, topic)
		}
	}
	slices.Sort(lost)
	return lost
}

const repartitionSuffix, changelogSuffix, taskSuffix = "-repartition", "-changelog", "-task"

func (a *App) internal(topic, end string) bool {
	return strings.HasPrefix(topic, a.topo.App+"-") && strings.HasSuffix(topic, end)
}

// explain says what a topic is that the topology does not have any more.
func (a *App) explain(topic string) error {
	name := strings.TrimPrefix(topic, a.topo.App+"-")
	if a.internal(topic, repartitionSuffix) {
		return fmt.Errorf("repartition %q is gone or has another name: what is in %s and not processed yet would be lost", strings.TrimSuffix(name, repartitionSuffix), topic)
	}
	store := strings.TrimSuffix(name, changelogSuffix)
	if sub, isTask := strings.CutSuffix(store, taskSuffix); isTask {
		return fmt.Errorf("sub-topology %q is gone, or its first stateful node is new or has another name: its stream time and watermarks in %s would be lost", sub, topic)
	}
	return fmt.Errorf("store %q is gone or has another name: its rows in %s would be lost", store, topic)
}

// tellNew names the stores that begin empty while their sources go on from committed offsets.
func (a *App) tellNew(notes map[string][]note, known *topics) {
	for _, sub := range a.topo.Subs {
		for _, def := range sub.Stores {
			topic := sub.Changelog(def)
			if def.SourceTopic == "" && known.partitions[topic] == 0 && goesOn(sub, notes) {
				a.log.Warn("store is new: it begins empty, its sources go on from the committed offsets", zap.String("store", def.Name), zap.String("sub", sub.Name))
			}
		}
	}
}

func goesOn(sub *topology.Sub, notes map[string][]note) bool {
	return slices.ContainsFunc(sub.Sources, func(src *topology.SourceNode) bool { return len(notes[src.Topic]) > 0 })
}
