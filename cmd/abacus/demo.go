package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/load"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
)

const demoLong = `Demo runs everything in this process: a Kafka, a Redis, the registry, both stages and the mirror, and a generator
of events with known effects. It shows the results as they come. At the end it recomputes every record of the
stats topic and every Redis hash from the log, independently, and says whether they are the same.

Three experiments: checkout-button is better by 5 %, signup-copy does nothing, heavy-banner is harmful. Its treatment makes three
times as many errors, on which it has a guardrail: after ten seconds or so it is stopped, with the evidence, and its units no longer
count. Ctrl-C ends the input: what has begun comes to its end and is verified. A second Ctrl-C ends the process at once.

Nothing is kept: state is in memory, and --brokers, --redis and --state-dir are not used. One worker does it all,
unless --workers asks for more.`

const demoExample = `  # until Ctrl-C
  abacus demo

  # twenty seconds at 20,000 events a second; exit code 1 if anything differs
  abacus demo --for 20s --rate 20000

  # every new total as a line of JSON, the final ones last
  abacus demo --for 10s -o json`

// demo is one run of the demonstration.
type demo struct {
	For  time.Duration
	Rate float64
	Seed uint64

	*display
	opened  func(*stack) // tests look in when everything runs; may be nil
	settled func(*stack) // and before the verification
}

func newDemoCommand() *cobra.Command { return demoCommand(&demo{}) }

// demoCommand is the command that sets d by its flags and runs it.
func demoCommand(d *demo) *cobra.Command {
	cmd := &cobra.Command{
		Use: "demo", Short: "Everything in one process: events in, verified results out",
		Long: demoLong, Example: demoExample, Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(cmd.Context(), embeddedSettings(cmd), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().DurationVar(&d.For, "for", 0, "`time` to run, 0: until Ctrl-C")
	cmd.Flags().Float64Var(&d.Rate, "rate", 2000, "`number` of events a second")
	cmd.Flags().Uint64Var(&d.Seed, "seed", 1, "`number` that the generator draws from: the same makes the same units")
	return cmd
}

// generator checks the flags and makes what they ask for.
func (d *demo) generator() (*load.Generator, error) {
	if d.For < 0 {
		return nil, usageError("--for %s: want 0 (until Ctrl-C) or more", d.For)
	}
	if !(d.Rate > 0 && d.Rate <= mostRate) {
		return nil, usageError("--rate %g: want more than 0 and at most %d", d.Rate, mostRate)
	}
	return load.New(load.Config{Rate: d.Rate, Seed: d.Seed, Duplicates: 0.01, Late: 0.01, Window: 5 * time.Second, Guarded: true})
}

// mostRate is beyond what one process with a Kafka inside processes.
const mostRate = 1_000_000

// run is the demonstration from start to verdict. When ctx ends, the input ends; what has begun is finished.
func (d *demo) run(ctx context.Context, s *settings, out, errs io.Writer) (err error) {
	gen, err := d.generator()
	if err != nil {
		return err
	}
	d.display = newDisplay(out, errs, s.Output == jsonOutput)
	defer d.close()
	d.step("starting Kafka, Redis and the engine in this process")
	work := context.WithoutCancel(ctx)
	k, err := openStack(work, s, 0, zap.NewNop())
	if err != nil {
		return err
	}
	defer func() {
		if stopped := k.close(); err == nil {
			err = stopped
		}
	}()
	if err := k.apply(work, gen.Definitions()...); err != nil {
		return err
	}
	look(d.opened, k)
	if err := d.feed(ctx, k, s, gen); err != nil {
		return err
	}
	look(d.settled, k)
	return d.judge(work, k)
}

func look(in func(*stack), k *stack) {
	if in != nil {
		in(k)
	}
}

// feed produces events and shows what comes of them, until everything is processed, closed and mirrored.
func (d *demo) feed(ctx context.Context, k *stack, s *settings, gen *load.Generator) error {
	work := context.WithoutCancel(ctx)
	watching, unwatch := context.WithCancel(work)
	var seen sync.WaitGroup
	f := &follower{prefix: s.Prefix, visit: d.update, decided: d.decide}
	seen.Go(func() { _ = f.run(watching, k.Brokers) })
	defer seen.Wait() // so that nothing is shown after the final totals
	defer unwatch()
	last, err := d.generate(ctx, k, gen)
	if err != nil {
		return err
	}
	var names []string
	for _, def := range gen.Definitions() {
		names = append(names, def.Experiment)
	}
	d.step("waiting until everything is processed, closed and mirrored")
	return k.settle(work, last, last+windowsClose, d.note, names...)
}

// generate produces events at the rate until the time is over or ctx ends, then what has begun. It
// gives the time behind which no event lies.
func (d *demo) generate(ctx context.Context, k *stack, gen *load.Generator) (last int64, err error) {
	work, begin, over := context.WithoutCancel(ctx), time.Now(), false
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !gen.Done() {
		now := time.Now()
		if !over && (ctx.Err() != nil || d.For > 0 && now.Sub(begin) >= d.For) {
			over = true
			gen.Stop()
			d.step("letting what has begun come to its end")
		}
		for ev := gen.Next(now.UnixMilli()); ev != nil; ev = gen.Next(now.UnixMilli()) {
			last = max(last, ev.Time)
			if err := k.feed.Send(work, ev); err != nil {
				return 0, err
			}
		}
		if !over {
			d.note(d.status(k.feed.Sent(), now.Sub(begin)))
		}
		d.tick(now)
		select {
		case err := <-k.failed:
			k.failed <- err
			return 0, fmt.Errorf("the engine has stopped: %w", err)
		case <-tick.C:
		}
	}
	return last, nil
}

// status is the line below the table while events are produced.
func (d *demo) status(events int64, since time.Duration) string {
	text := fmt.Sprintf("%s · %s", table.Count(events, "event"), since.Truncate(time.Second))
	if d.For > 0 {
		text += fmt.Sprintf(" of %s", d.For)
	}
	return text + " · Ctrl-C ends the input"
}

// judge recomputes everything and shows the last state with the verdict.
func (d *demo) judge(ctx context.Context, k *stack) error {
	d.step("recomputing everything from the log")
	report, err := k.verify(ctx)
	if err != nil {
		return err
	}
	finals, err := finalTotals(ctx, k)
	if err != nil {
		return err
	}
	decisions, err := finalDecisions(ctx, k)
	if err != nil {
		return err
	}
	for _, r := range decisions {
		d.decide(r)
	}
	line, differ := verdict(report)
	if err := d.finish(finals, line); err != nil {
		return err
	}
	return differ
}
