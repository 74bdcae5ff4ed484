package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// warmUp is how many records are not counted in what a contender uses once it is warm: a JVM compiles meanwhile.
const warmUp = 500_000

// patience is how long a contender that has read all events may be quiet until what it has not counted counts as dropped.
const patience = 5 * time.Second

// watched is what the results of a contender showed.
type watched struct {
	counted int64
	quiet   time.Duration // from its last result to the end of patience; zero where all is counted
	warm    stretch
}

// stretch is a part of a run.
type stretch struct {
	from, to sample
	records  int64
}

// watch reads the results of a process until they hold every record of the stage, or until no more are to come.
func (s *stage) watch(ctx context.Context, j job, in *totals, p *child) (w watched, err error) {
	var before int64 // counted before the warm stretch
	last := time.Now()
	for in.all.sum != s.sum {
		more, err := s.more(ctx, in, func(string, total) {})
		if err != nil {
			return w, err
		}
		if !more {
			over, err := s.over(ctx, j)
			if err != nil {
				return w, err
			}
			if over {
				w.quiet = time.Since(last)
				break
			}
			continue
		}
		last = time.Now()
		if w.warm.to, err = sampleOf(p.cmd.Process.Pid); err != nil {
			return w, err
		}
		if before == 0 && in.all.n >= warmUp {
			w.warm.from, before = w.warm.to, in.all.n
		}
	}
	w.counted = in.all.n
	if before > 0 {
		w.warm.records = w.counted - before
	}
	return w, nil
}

// joined waits until a job of windows has a group that works: a JVM takes seconds to begin, and is not to be behind then.
func (s *stage) joined(ctx context.Context, j job) error {
	for j.windowed() {
		groups, err := s.admin.DescribeGroups(ctx, j.App)
		if err == nil && groups[j.App].State == "Stable" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("group %s is not stable yet: %w", j.App, errors.Join(ctx.Err(), err))
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// more waits for results, hands them to visit, and says whether some came in time.
func (s *stage) more(ctx context.Context, in *totals, visit func(group string, now total)) (bool, error) {
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := in.next(soon, visit)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%d records are counted: %w", in.all.n, err)
	}
	return true, nil
}

// over says whether a job of windows has read and committed all that there is: what it has not counted by now it dropped.
func (s *stage) over(ctx context.Context, j job) (bool, error) {
	if !j.windowed() {
		return false, nil
	}
	committed, err := s.admin.FetchOffsets(ctx, j.App)
	if err != nil {
		return false, fmt.Errorf("offsets of %s: %w", j.App, err)
	}
	topics := []string{s.events()}
	for topic := range committed {
		if topic != s.events() {
			topics = append(topics, topic)
		}
	}
	ends, err := s.admin.ListEndOffsets(ctx, topics...)
	if err = errors.Join(err, ends.Error()); err != nil {
		return false, fmt.Errorf("ends of %v: %w", topics, err)
	}
	over := true
	ends.Each(func(end kadm.ListedOffset) {
		marker := int64(1) // of the last transaction
		if end.Topic == s.events() {
			marker = 0
		}
		at, ok := committed.Lookup(end.Topic, end.Partition)
		over = over && ok && at.At >= end.Offset-marker
	})
	return over, nil
}

// check demands that every record was counted, or was dropped by the contender's own word.
func (w watched) check(s *stage, u usage) error {
	if w.counted+u.Dropped != s.records {
		return fmt.Errorf("%d records: %d are counted, %d dropped", s.records, w.counted, u.Dropped)
	}
	return nil
}
