package worker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology"
)

// measureEvery is how often the ends of the changelogs are asked for, and the group's offsets where they are a limit.
const measureEvery = 500 * time.Millisecond

func (s *standbys) measureIfDue(ctx context.Context, now time.Time) {
	if len(s.open) == 0 || now.Sub(s.measured) < measureEvery {
		return
	}
	s.measured = now
	if err := s.measure(ctx); err != nil && ctx.Err() == nil {
		s.app.log.Warn("lag of standbys is not known", zap.Error(err))
	}
}

func (s *standbys) measure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	topics := map[string]bool{}
	for at := range s.places {
		topics[at.topic] = true
	}
	ends, err := s.app.admin.ListCommittedOffsets(ctx, slices.Collect(maps.Keys(topics))...)
	if err != nil {
		return fmt.Errorf("ends of changelogs: %w", err)
	}
	if err := s.limit(ctx); err != nil {
		return err
	}
	for at, r := range s.places {
		r.end = -1
		if end, ok := ends.Lookup(at.topic, at.partition); ok && end.Err == nil {
			r.end, r.of.asked = end.Offset, s.measured
		}
	}
	return nil
}

// limit moves the limits of the tables that are read from their source topics to the group's offsets.
func (s *standbys) limit(ctx context.Context) error {
	topics := map[string]bool{}
	for at, r := range s.places {
		if r.limit != unlimited {
			topics[at.topic] = true
		}
	}
	if len(topics) == 0 {
		return nil
	}
	committed, err := s.app.admin.FetchOffsetsForTopics(ctx, s.app.topo.App, slices.Collect(maps.Keys(topics))...)
	if err != nil {
		return fmt.Errorf("limits of standbys: %w", err)
	}
	for at, r := range s.places {
		o, ok := committed.Lookup(at.topic, at.partition)
		if r.limit == unlimited || !ok || o.Err != nil || o.At < r.limit {
			continue
		}
		r.limit = o.At
		if err := r.apply(&s.batch); err != nil {
			s.end(r.of, err)
		} else if len(r.held) == 0 {
			s.client.ResumeFetchPartitions(map[string][]int32{at.topic: {at.partition}})
		}
	}
	return nil
}

// publish shows others how far the standbys are.
func (s *standbys) publish() {
	reports := map[topology.TaskID]StandbyReport{}
	for id, b := range s.open {
		r := StandbyReport{ID: id, Sub: b.sub.Name, Lag: -1, Records: b.records}
		if lag, known := b.lag(); known {
			if r.Lag = lag; lag == 0 {
				b.asOf = b.asked
			}
		}
		r.AsOf = b.asOf
		reports[id] = r
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.reports = reports
}

// reports are the standbys as they were last measured, in the order of their tasks.
func (s *standbys) reports() (all []StandbyReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.SortedFunc(maps.Keys(s.mu.reports), byTask) {
		all = append(all, s.mu.reports[id])
	}
	return all
}

// near are the standbys of a worker's assignment that a task is to move to and that are near.
func (s *standbys) near(worker int) (ids []topology.TaskID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, awaited := range s.mu.wanted[worker] {
		if r, ok := s.mu.reports[id]; ok && awaited && r.Lag >= 0 && r.Lag <= s.app.cfg.AcceptableLag {
			ids = append(ids, id)
		}
	}
	return ids
}

// nearEvery is how often a worker looks whether a standby that the group waits for is near, nearSeldom how often at last
// where telling the group did not help.
const nearEvery, nearSeldom = 250 * time.Millisecond, time.Minute

// promote has the group deal anew once a standby that it waits for is near.
func (s *standbys) promote(session context.Context, worker int, client *kgo.Client) {
	wait := nearEvery
	for pause(session, wait) == nil {
		ids := s.near(worker)
		if len(ids) == 0 {
			wait = nearEvery
			continue
		}
		s.app.log.Info("standbys are near, the tasks may move", zap.Stringers("tasks", ids))
		client.ForceRebalance()
		wait = min(max(4*wait, time.Second), nearSeldom)
	}
}
