package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

const tailLong = `Tail shows the totals of the stats topic: first the last of each experiment, then each new one as it is committed. On a
terminal it is a table that is refreshed in place; in a pipe a line a comparison; with -o json the records themselves. Stops and
alerts are shown with their experiment, in a pipe as lines of their own; -o json leaves them to the decisions topic.`

const tailExample = `  abacus tail
  abacus tail checkout-button signup-copy

  # with the totals of each segment
  abacus tail checkout-button --segments

  # what is known now, as one JSON line an experiment
  abacus tail --once -o json | jq -r '[.experiment, .metrics[].comparisons[].verdict] | @tsv'`

func newTailCommand() *cobra.Command {
	var once, segments bool
	cmd := &cobra.Command{
		Use: "tail [EXPERIMENT]...", Short: "Show the results as they come", Long: tailLong, Example: tailExample,
		Args: usageArgs(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, names []string) error {
			s := settingsOf(cmd)
			client, err := connect(cmd.Context(), s)
			if err != nil {
				return err
			}
			_, err = partitions(cmd.Context(), client, topics.Stats(s.Prefix))
			client.Close()
			if err != nil {
				return err
			}
			return tail(cmd, names, once, segments)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "show what is there and end")
	cmd.Flags().BoolVar(&segments, "segments", false, "show the totals of segments too")
	return cmd
}

// tail follows the stats topic and shows the totals of the experiments named, of all if none is.
func tail(cmd *cobra.Command, names []string, once, segments bool) error {
	s := settingsOf(cmd)
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	chosen := func(name string) bool {
		return ctx.Err() == nil && (len(names) == 0 || slices.Contains(names, name))
	}
	on := showOn(ctx, cmd, segments)
	shown := map[string]bool{}
	f := &follower{prefix: s.Prefix, segments: segments, visit: func(r *result.Record) {
		if chosen(r.Experiment) {
			shown[r.Experiment] = true
			on.total(r)
		}
	}, decided: func(d *decision.Record) {
		if chosen(d.Experiment) {
			on.decision(d)
		}
	}}
	if once {
		f.live = stop
	}
	err := f.run(ctx, s.Brokers)
	stop()
	on.close()
	if once && err == nil {
		tellAbsent(cmd.ErrOrStderr(), names, shown)
	}
	return err
}

// tellAbsent says of what there is nothing to show.
func tellAbsent(w io.Writer, names []string, shown map[string]bool) {
	if len(names) == 0 && len(shown) == 0 {
		fmt.Fprintln(w, "no results yet")
	}
	for _, name := range names {
		if !shown[name] {
			fmt.Fprintf(w, "%s: no results yet, or no such experiment: see `abacus experiments list --state all`\n", name)
		}
	}
}

// outlet is where tail shows what comes: on a terminal, in a pipe, or as JSON.
type outlet struct {
	total    func(*result.Record)
	decision func(*decision.Record)
	close    func() // to be called when the context has ended
}

func showOn(ctx context.Context, cmd *cobra.Command, segments bool) outlet {
	d := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), settingsOf(cmd).Output == jsonOutput)
	d.mu.table.Segments = segments
	switch {
	case d.json:
		return outlet{d.update, d.decide, func() {}}
	case d.screen == nil:
		t := table.Table{Segments: segments}
		return outlet{
			func(r *result.Record) { _ = t.Lines(cmd.OutOrStdout(), r) },
			func(r *decision.Record) { _ = t.DecisionLine(cmd.OutOrStdout(), r) },
			func() {},
		}
	}
	d.note("waiting for results; Ctrl-C ends")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		refresh(ctx, d)
	}()
	return outlet{func(r *result.Record) {
		d.update(r)
		d.note("Ctrl-C ends")
	}, d.decide, func() {
		<-ended
		_ = d.finish(nil, fmt.Sprintf("ended at %s", time.Now().UTC().Format(time.TimeOnly)))
		d.close()
	}}
}

// refresh draws what is new until ctx ends.
func refresh(ctx context.Context, d *display) {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			d.tick(now)
		case <-ctx.Done():
			return
		}
	}
}
