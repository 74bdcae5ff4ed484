package registry

import (
	"fmt"
	"slices"
	"time"

	"github.com/lovoo/goka"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// Act is the entry after a decision of the engine that is accepted at now, in Unix ms: a stop ends the run as the command
// does, an alert is noted. entry is not changed, and is the result where there is nothing to write: the decision was taken
// before, is of another run, or of one that has ended.
func Act(entry *experiment.Entry, r *decision.Record, now int64) *experiment.Entry {
	if why := pointless(entry, r, now); why != "" {
		return entry
	}
	next, acted := clone(entry), experiment.Acted{Record: *r, Accepted: now}
	if r.Action == decision.Stop && entry.State == experiment.Running {
		if next = stop(entry, r.ID, now); len(next.Versions) > len(entry.Versions) {
			acted.Version = next.Latest().Version
		}
	}
	next.Decisions = last(append(next.Decisions, acted), keptActed)
	return next
}

// pointless says why a decision changes nothing; empty if it does.
func pointless(entry *experiment.Entry, r *decision.Record, now int64) string {
	switch {
	case entry == nil || entry.Latest() == nil:
		return "there is no such experiment"
	case int64(entry.Run) != r.Run:
		return fmt.Sprintf("it is of run %d, this is %d", r.Run, entry.Run)
	case slices.ContainsFunc(entry.Decisions, func(a experiment.Acted) bool { return a.ID == r.ID }):
		return "it was taken before"
	case entry.State == experiment.Archived || ended(entry, now):
		return "the run has ended"
	}
	return ""
}

// handleDecision takes one record of the decisions topic.
func handleDecision(cfg Config, log *zap.Logger, ctx goka.Context, data []byte) {
	log = log.With(zap.String("experiment", ctx.Key()), zap.Int64("offset", ctx.Offset()))
	var r *decision.Record
	err := decision.Codec.Parse(data, &r)
	if err == nil && r.Experiment != ctx.Key() {
		err = fmt.Errorf("of %q, but its key is %q", r.Experiment, ctx.Key())
	}
	if err != nil {
		log.Warn("a decision cannot be read", zap.Error(err))
		return
	}
	log = log.With(zap.String("decision", r.ID), zap.String("action", r.Action))
	entry, _ := ctx.Value().(*experiment.Entry) // nil: never heard of
	now := acceptance(cfg, ctx)
	next := Act(entry, r, now)
	if next == entry {
		log.Info("a decision changes nothing", zap.String("because", pointless(entry, r, now)))
		return
	}
	ctx.SetValue(next)
	if acted := next.Decisions[len(next.Decisions)-1]; acted.Version > 0 {
		log.Warn("a decision ends the experiment", zap.String("reason", r.Reason), zap.Int64("version", acted.Version),
			zap.Time("end", *next.Latest().Definition.End), zap.Duration("behind", time.Duration(now-ctx.Timestamp().UnixMilli())*time.Millisecond))
		return
	}
	log.Warn("a decision is noted", zap.String("reason", r.Reason))
}
