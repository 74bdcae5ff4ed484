package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/load"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/processors/experiment"
)

const loadLong = `Load makes events whose truth is known, for a running cluster. It applies its experiments first: in turn one whose
treatment is better by --effect, one without effect, and one that is harmful by twice as much. Units are exposed to one
experiment each, a fifth of them purchase within two seconds, some twice.

At the end it prints what a processor that loses and repeats nothing must have counted. It counts its own events only:
what an earlier load with another seed has made is in the results too.`

const loadExample = `  # 20,000 events a second for a minute, one in a hundred twice, one in a hundred late
  abacus load --rate 20000 --for 1m --duplicates 0.01 --late 0.01

  # until Ctrl-C, with an experiment by event; then compare
  abacus load --rate 500 --tagged 0.3 && abacus verify

  # with a guardrail that stops the harmful experiment
  abacus load --guardrail --restart --rate 2000 --for 30s && abacus experiments history heavy-banner`

// loading is one abacus load.
type loading struct {
	cfg    load.Config
	For    time.Duration
	format string
	anew   bool
}

func newLoadCommand() *cobra.Command {
	var l loading
	cmd := &cobra.Command{
		Use: "load", Short: "Produce events with a known truth", Long: loadLong, Example: loadExample,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error { return l.run(cmd) },
	}
	flags := cmd.Flags()
	flags.Float64Var(&l.cfg.Rate, "rate", 1000, "events a second")
	flags.DurationVar(&l.For, "for", 0, "`time` to run; 0: until Ctrl-C")
	flags.IntVar(&l.cfg.Experiments, "experiments", 3, "`number` of experiments by unit")
	flags.Float64Var(&l.cfg.Effect, "effect", 0.05, "relative `effect` of the better experiments")
	flags.Uint64Var(&l.cfg.Seed, "seed", 0, "of units and events; the same seed makes the same; 0: by the clock")
	flags.Float64Var(&l.cfg.Duplicates, "duplicates", 0, "`share` of events that come again")
	flags.Float64Var(&l.cfg.Late, "late", 0, "`share` of events that come up to two seconds late")
	flags.Float64Var(&l.cfg.Tagged, "tagged", 0, "`share` of events of an experiment by event")
	flags.StringVar(&l.format, "format", "json", "of the events: `json` or msgpack")
	flags.BoolVar(&l.cfg.Guarded, "guardrail", false, "harmful experiments make errors, and a guardrail stops them; the truth goes on")
	flags.BoolVar(&l.anew, "restart", false, "begin new runs of experiments that are there in another form, or have ended")
	flags.DurationVar(&l.cfg.Window, "window", 10*time.Second, "attribution `window` of the metrics")
	return cmd
}

// run applies the experiments, produces, and tells the truth.
func (l *loading) run(cmd *cobra.Command) error {
	ctx, s := cmd.Context(), settingsOf(cmd)
	if l.For < 0 || l.cfg.Rate <= 0 || l.cfg.Experiments < 1 {
		return usageError("--for %s --rate %g --experiments %d: want a time of 0 or more, a rate above 0, at least 1 experiment", l.For, l.cfg.Rate, l.cfg.Experiments)
	}
	if l.format != "json" && l.format != "msgpack" {
		return usageError("--format %s: want json or msgpack", l.format)
	}
	if l.cfg.Seed == 0 {
		l.cfg.Seed = uint64(time.Now().UnixMilli())
	}
	gen, err := load.New(l.cfg)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	k, err := joinStack(ctx, s)
	if err != nil {
		return err
	}
	defer k.leave()
	if l.format == "msgpack" {
		k.feed.MsgPack()
	}
	var definitions []*experiment.Definition
	for _, d := range gen.Definitions() {
		definitions = append(definitions, &d)
	}
	if err := k.applyAll(ctx, l.anew, definitions...); errors.Is(err, errRefused) {
		return fmt.Errorf("%w\nan earlier load, or somebody else, has experiments of these names; --restart begins new runs of them", err)
	} else if err != nil {
		return err
	}
	if err := l.produce(ctx, k, gen, newProgress(cmd)); err != nil {
		return err
	}
	if s.Output == jsonOutput {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(gen.Truth())
	}
	return gen.Truth().Write(cmd.OutOrStdout())
}

// produce sends events at their rate until the time is over or ctx ends, then what has begun.
func (l *loading) produce(ctx context.Context, k *stack, gen *load.Generator, p *progress) error {
	work := context.WithoutCancel(ctx)
	began := time.Now()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	defer p.done()
	for ; !gen.Done(); <-tick.C {
		now := time.Now()
		if ctx.Err() != nil || l.For > 0 && now.Sub(began) >= l.For {
			gen.Stop()
		}
		for ev := gen.Next(now.UnixMilli()); ev != nil; ev = gen.Next(now.UnixMilli()) {
			if err := k.feed.Send(work, ev); err != nil {
				return unreachable(err)
			}
		}
		p.show(fmt.Sprintf("%s in %s", table.Count(k.feed.Sent(), "event"), now.Sub(began).Round(time.Second)))
	}
	if err := k.feed.Flush(work); err != nil {
		return unreachable(err)
	}
	return nil
}
