package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/check"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/mirror"
)

const verifyLong = `Verify reads the events topic, the registry and the schedule by which the tasks adopted it, recomputes every record of
the stats topic and every decision in one batch by code of its own, and compares the last value of each key; with --redis (or
ABACUS_REDIS, or redis: in the file of settings) the hashes of Redis too.

It prints "verified: N records, 0 differences", or the first ten and exits with 1. While input flows the last values move
on: verify tries again until both stand still, for --settle at most. It exits with 3 where a service is out of reach, and
where the events topic no longer begins at its first offset: then nobody can know.`

const verifyExample = `  abacus verify
  abacus verify --redis redis://localhost:6379 -o json`

// shownDifferences is how many are told.
const shownDifferences = 10

// verifying is one abacus verify.
type verifying struct {
	cfg    check.Config
	settle time.Duration
}

func newVerifyCommand() *cobra.Command {
	var v verifying
	var at string
	var onClose bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Recompute every result from the log and compare", Long: verifyLong, Example: verifyExample,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, s := cmd.Context(), settingsOf(cmd)
			when, err := parseTime("--at", at, time.Now())
			if err != nil {
				return err
			}
			reader, err := openLogs(ctx, s, verified(s.Prefix)...)
			if err != nil {
				return err
			}
			defer reader.Close()
			v.cfg = check.Config{Prefix: s.Prefix, Logs: reader, At: when, OnClose: onClose}
			if when > 0 {
				return v.past(ctx, cmd.OutOrStdout(), s.Output)
			}
			if cmd.Flags().Changed("redis") {
				if v.cfg.Redis, err = openRedis(s); err != nil {
					return err
				}
				defer v.cfg.Redis.Close()
				if err := ourRedis(ctx, reader, v.cfg.Redis, s.Prefix); err != nil {
					return err
				}
			}
			var report *check.Report
			err = v.run(ctx, func() (*check.Report, error) {
				report, err = check.Run(ctx, v.cfg)
				return report, err
			})
			if err != nil {
				return err
			}
			return tellReport(cmd.OutOrStdout(), s.Output, report)
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "what was known at a `time`: RFC 3339, Unix ms, or how long ago")
	cmd.Flags().BoolVar(&onClose, "on-close", false, "the results are of run --emit close: a window has no record before it is closed")
	cmd.Flags().DurationVar(&v.settle, "settle", 30*time.Second, "most `time` to try again while input flows")
	return cmd
}

// ourRedis says whether Redis answers, and is not that of another installation.
func ourRedis(ctx context.Context, r *logs.Reader, client *redis.Client, prefix string) error {
	if err := pingRedis(ctx, client); err != nil {
		return err
	}
	owner, err := engine.Owner(ctx, r.Admin(), prefix)
	if err != nil {
		return unreachable(err)
	}
	return mirror.CheckOwner(ctx, client, owner, reach)
}

// verified are the topics that are read.
func verified(prefix string) []string {
	return []string{topics.Events(prefix), units.RegistryTable(prefix), adoptionsTopic(prefix), topics.Stats(prefix)}
}

func adoptionsTopic(prefix string) string { return prefix + "-" + units.Store + "-changelog" }

// run recomputes until there is no difference, or nothing has moved meanwhile, or the time is over.
func (v *verifying) run(ctx context.Context, recompute func() (*check.Report, error)) error {
	if err := complete(ctx, v.cfg.Logs, topics.Events(v.cfg.Prefix)); err != nil {
		return err
	}
	until := time.Now().Add(v.settle)
	for {
		before, err := v.position(ctx)
		if err != nil {
			return err
		}
		report, err := recompute()
		if err != nil || len(report.Differences) == 0 || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Second): // more than there is between two totals, or two watermarks
		}
		after, err := v.position(ctx)
		if err != nil || before == after {
			return err
		}
	}
}

// complete refuses a topic whose beginning is gone.
func complete(ctx context.Context, r *logs.Reader, topic string) error {
	starts, err := r.Admin().ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return unreachable(fmt.Errorf("start of %s: %w", topic, err))
	}
	var gone error
	starts.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 && gone == nil {
			gone = unreachable(fmt.Errorf("%s/%d begins at offset %d: retention has taken what lies before, and nobody can recompute without it; give the topic a longer retention.ms", topic, o.Partition, o.Offset))
		}
	})
	return gone
}

// position is where the topics end that move while something is processed.
func (v *verifying) position(ctx context.Context) (ends string, err error) {
	p := v.cfg.Prefix
	for _, topic := range []string{topics.Events(p), p + "-unit-repartition", p + "-deltas-repartition", topics.Stats(p)} {
		listed, err := v.cfg.Logs.Admin().ListCommittedOffsets(ctx, topic)
		if err == nil {
			err = listed.Error()
		}
		if err != nil {
			return "", unreachable(fmt.Errorf("end of %s: %w", topic, err))
		}
		for _, o := range listed.Offsets().Sorted() {
			ends += fmt.Sprintf("%s/%d:%d ", o.Topic, o.Partition, o.At)
		}
	}
	return ends, nil
}

// tellReport prints the verdict; differences are an error.
func tellReport(w io.Writer, output string, r *check.Report) error {
	line, differ := verdict(r)
	if output == jsonOutput {
		if err := json.NewEncoder(w).Encode(reportFields(r)); err != nil {
			return err
		}
		return differ
	}
	tellDifferences(w, r)
	fmt.Fprintln(w, line)
	return differ
}

// reportFields is a report as JSON.
func reportFields(r *check.Report) map[string]any {
	found := []map[string]string{}
	for _, d := range r.Differences[:min(len(r.Differences), shownDifferences)] {
		found = append(found, map[string]string{"key": d.Key, "field": d.Field, "want": d.Want, "got": d.Got})
	}
	return map[string]any{"records": r.Records, "compared": r.Compared, "differences": len(r.Differences), "first": found}
}

// tellDifferences prints the first of them, and how many more there are.
func tellDifferences(w io.Writer, r *check.Report) {
	first := r.Differences[:min(len(r.Differences), shownDifferences)]
	for _, d := range first {
		fmt.Fprintln(w, shown(d))
	}
	if more := len(r.Differences) - len(first); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
}
