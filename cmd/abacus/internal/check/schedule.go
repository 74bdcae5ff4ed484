package check

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// schedule is what the tasks have written down of their own decisions: from which event on each
// knew which version, and where the wall clock moved its stream time.
type schedule struct {
	events    string
	cut       *cut
	adoptions map[string]verify.Adoption // the last of each row
	quiets    map[string]verify.Quiet
	bad       error
}

// readSchedule fills it in from the changelog of the first stage, as far as the cut.
func readSchedule(ctx context.Context, cfg Config, c *cut) (*schedule, error) {
	s := &schedule{events: cfg.Prefix + ".events", cut: c, adoptions: map[string]verify.Adoption{}, quiets: map[string]verify.Quiet{}}
	if err := cfg.Logs.Read(ctx, cfg.Prefix+"-"+units.Store+"-changelog", s.take); err != nil {
		return nil, err
	}
	return s, s.bad
}

// followed is the schedule as verify follows it.
func (s *schedule) followed() ([]verify.Adoption, []verify.Quiet) {
	return slices.Collect(maps.Values(s.adoptions)), append([]verify.Quiet{}, slices.Collect(maps.Values(s.quiets))...)
}

func (s *schedule) take(rec *kgo.Record) {
	row := fmt.Sprintf("%d %s", rec.Partition, rec.Key)
	if rec.Value == nil {
		delete(s.quiets, row)
		return
	}
	if a, ok, err := units.ParseAdoption(rec.Key, rec.Value); err != nil {
		s.bad = err
	} else if ok && s.cut.decided(s.events, rec, a.Offset) {
		s.adoptions[row] = verify.Adoption{
			Experiment: a.Experiment, Run: a.Run, Version: a.Version,
			Partition: rec.Partition, Offset: a.Offset, StreamTime: a.StreamTime,
		}
	}
	if q, ok, err := units.ParseQuiet(rec.Key, rec.Value); err != nil {
		s.bad = err
	} else if ok && s.cut.decided(s.events, rec, q.Offset) {
		s.quiets[row] = verify.Quiet{Partition: rec.Partition, Offset: q.Offset, StreamTime: q.StreamTime}
	}
}
