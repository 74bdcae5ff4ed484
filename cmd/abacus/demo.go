package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/load"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/codecs/result"
)

const demoLong = `Demo runs everything in this process: a Kafka, a Redis, the registry, both stages and the mirror, and a generator
of events with known effects. It shows the results as they come. At the end it recomputes every record of the
stats topic and every Redis hash from the log, independently, and says whether they are the same.

Three experiments: checkout-button is better by 5 %, signup-copy does nothing, heavy-banner is harmful.`

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

	out    io.Writer
	err    io.Writer
	json   bool
	screen *table.Screen
	mu     sync.Mutex // results arrive while the screen is drawn
	table  table.Table
	note   string
	drawn  time.Time
	dirty  bool
}

func newDemoCommand() *cobra.Command {
	d := &demo{}
	cmd := &cobra.Command{
		Use: "demo", Short: "Everything in one process: events in, verified results out",
		Long: demoLong, Example: demoExample, Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := settingsOf(cmd)
			d.out, d.err, d.json = cmd.OutOrStdout(), cmd.ErrOrStderr(), s.Output == jsonOutput
			if d.For < 0 || d.Rate <= 0 {
				return usageError("--for %s --rate %g: want a time of 0 or more and a rate above 0", d.For, d.Rate)
			}
			return d.run(cmd.Context(), s)
		},
	}
	cmd.Flags().DurationVar(&d.For, "for", 0, "`time` to run; 0: until Ctrl-C")
	cmd.Flags().Float64Var(&d.Rate, "rate", 2000, "events a second")
	cmd.Flags().Uint64Var(&d.Seed, "seed", 1, "of the generator")
	return cmd
}

// run is the demonstration from start to verdict.
func (d *demo) run(ctx context.Context, s *settings) (err error) {
	gen, err := load.New(load.Config{Rate: d.Rate, Seed: d.Seed, Duplicates: 0.01, Late: 0.01, Window: 5 * time.Second})
	if err != nil {
		return err
	}
	d.open()
	defer d.close()
	d.say("starting Kafka, Redis and the engine in this process")
	k, err := openStack(context.WithoutCancel(ctx), s, 0, zap.NewNop())
	if err != nil {
		return err
	}
	defer func() {
		if stopped := k.close(); err == nil {
			err = stopped
		}
	}()
	work := context.WithoutCancel(ctx) // Ctrl-C ends the input; what is begun is finished
	var names []string
	for _, def := range gen.Definitions() {
		names = append(names, def.Experiment)
	}
	if err := k.apply(work, gen.Definitions()...); err != nil {
		return err
	}
	watching, unwatch := context.WithCancel(work)
	var seen sync.WaitGroup
	seen.Go(func() { _ = follow(watching, k.Brokers, s.Prefix+".stats", d.update) })
	defer seen.Wait()
	defer unwatch()
	last, err := d.generate(ctx, k, gen)
	if err != nil {
		return err
	}
	if err := k.settle(work, last, d.say, names...); err != nil {
		return err
	}
	d.say("recomputing everything from the log")
	report, err := k.verify(work)
	if err != nil {
		return err
	}
	return d.finish(work, k, report.Records, func() (string, error) { return verdict(report) })
}

// generate produces events at the rate until the time is over or ctx ends, then what has begun. It
// gives the time behind which no event lies.
func (d *demo) generate(ctx context.Context, k *stack, gen *load.Generator) (last int64, err error) {
	work := context.WithoutCancel(ctx)
	end := time.Time{}
	if d.For > 0 {
		end = time.Now().Add(d.For)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !gen.Done() {
		now := time.Now()
		if ctx.Err() != nil || !end.IsZero() && now.After(end) {
			gen.Stop()
			d.say("letting what has begun come to its end")
		}
		for ev := gen.Next(now.UnixMilli()); ev != nil; ev = gen.Next(now.UnixMilli()) {
			last = max(last, ev.Time)
			if err := k.feed.Send(work, ev); err != nil {
				return 0, err
			}
		}
		d.draw(now)
		select {
		case err := <-k.failed:
			k.failed <- err
			return 0, fmt.Errorf("the engine has stopped: %w", err)
		case <-tick.C:
		}
	}
	return last + windowsClose, nil
}

// update takes a new total.
func (d *demo) update(r *result.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.table.Update(r)
	d.dirty = true
	if d.json {
		line, _ := json.Marshal(r)
		fmt.Fprintf(d.out, "%s\n", line)
	}
}

// finish shows the last state of everything and the verdict.
func (d *demo) finish(ctx context.Context, k *stack, records int, judge func() (string, error)) error {
	finals, err := finalTotals(ctx, k)
	if err != nil {
		return err
	}
	line, err := judge()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range finals {
		d.table.Update(r)
		if d.json {
			text, _ := json.Marshal(r)
			fmt.Fprintf(d.out, "%s\n", text)
		}
	}
	switch {
	case d.json:
		fmt.Fprintln(d.err, line)
	case d.screen != nil:
		_ = d.screen.Draw(&d.table, line)
	default:
		if rendered := d.table.Render(d.out, pipedWidth); rendered != nil {
			return rendered
		}
		fmt.Fprintln(d.out, line)
	}
	return err
}

func (d *demo) open() {
	if file, ok := d.out.(*os.File); ok && !d.json {
		d.screen, _ = table.NewScreen(file)
	}
}

func (d *demo) close() {
	if d.screen != nil {
		_ = d.screen.Close()
	}
}

// say tells what is going on: below the table on a terminal, else on standard error.
func (d *demo) say(note string) {
	d.mu.Lock()
	changed := note != d.note
	d.note = note
	d.mu.Unlock()
	if !changed {
		return
	}
	if d.screen == nil {
		fmt.Fprintln(d.err, note)
		return
	}
	d.draw(time.Time{})
}

// draw refreshes the screen, at most every 100 ms; without a terminal it prints the table every two seconds.
func (d *demo) draw(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	every := 100 * time.Millisecond
	if d.screen == nil {
		every = 2 * time.Second
	}
	if d.json || !now.IsZero() && (now.Sub(d.drawn) < every || !d.dirty) {
		return
	}
	d.drawn, d.dirty = now, false
	if d.screen != nil {
		_ = d.screen.Draw(&d.table, d.note)
		return
	}
	if !now.IsZero() {
		_ = d.table.Render(d.out, pipedWidth)
	}
}
