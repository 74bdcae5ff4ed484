package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// feedCluster replays into an engine that runs elsewhere.
func feedCluster(cmd *cobra.Command, r *replaying) error {
	ctx, s := cmd.Context(), settingsOf(cmd)
	k, err := joinStack(ctx, s)
	if err != nil {
		return err
	}
	defer k.leave()
	progress := newProgress(cmd)
	defer progress.done()
	var definitions []*experiment.Definition
	for _, p := range r.Plans {
		definitions = append(definitions, &p.Definition)
		warnOfGrace(cmd.ErrOrStderr(), &p.Definition)
	}
	if err := k.applyAll(ctx, false, definitions...); err != nil {
		return err
	}
	if !r.Wait {
		return k.hand(cmd, r, progress)
	}
	if err := k.findMirror(ctx, s); err != nil {
		return err
	}
	if k.Redis != nil {
		defer k.Redis.Close()
	}
	if err := k.replay(ctx, progress.show, r.Plans...); err != nil {
		return err
	}
	progress.done()
	totals, err := finalTotals(ctx, k)
	if err != nil {
		return err
	}
	return printTotals(cmd, s.Output, slices.DeleteFunc(totals, func(t *result.Record) bool {
		return !slices.ContainsFunc(definitions, func(d *experiment.Definition) bool { return d.Experiment == t.Experiment })
	}))
}

// hand produces everything and leaves the rest to the engine.
func (k *stack) hand(cmd *cobra.Command, r *replaying, p *progress) error {
	var names []string
	ctx, last, closed := cmd.Context(), int64(0), int64(0)
	for _, plan := range r.Plans {
		if err := k.produce(ctx, plan, p.show); err != nil {
			return err
		}
		names, last, closed = append(names, plan.Definition.Experiment), max(last, plan.Last), max(closed, endOf(plan))
	}
	err := k.feed.Flush(ctx)
	if err == nil {
		err = k.feed.End(ctx, k.parts, last, closed, names...)
	}
	if err != nil {
		return unreachable(err)
	}
	p.done()
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s fed; see `abacus tail %s`\n", table.Count(k.feed.Sent(), "event"), strings.Join(names, " "))
	return err
}

// findMirror has the stack wait for the mirror too if there is one at work.
func (k *stack) findMirror(ctx context.Context, s *settings) error {
	group := engine.MirrorGroup(s.Prefix)
	described, err := k.logs.Admin().DescribeGroups(ctx, group)
	if err != nil {
		return unreachable(errors.Join(fmt.Errorf("describe group %s", group), err))
	}
	if len(described[group].Members) == 0 {
		return nil
	}
	k.Redis, err = openRedis(s)
	k.engine.Redis = k.Redis
	return err
}
