package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

const experimentsLong = `Experiments are YAML documents in the registry. A draft is kept and checked, but nothing counts by it; a running one counts;
a stopped one has ended, by its own end, by stop, or by a guardrail; an archived one is put away.

Exit codes: 0 done, or nothing to do; 1 refused, or a document with faults; 2 wrong usage; 3 no broker or no registry answers.`

// newExperimentsCommand is the command that manages experiments.
func newExperimentsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "experiments",
		Aliases: []string{"experiment"},
		Short:   "Define experiments and see what is defined",
		Long:    experimentsLong,
		Args:    usageArgs(knownCommand),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Example: `  abacus experiments apply -f checkout-button.yaml
  abacus experiments diff -f checkout-button.yaml
  abacus experiments history checkout-button
  abacus experiments list`,
	}
	cmd.PersistentFlags().Duration("timeout", 15*time.Second, "most `time` to wait for the registry's answer")
	cmd.AddCommand(newApplyCommand(), newCheckCommand(), newDiffCommand(), newListCommand(), newShowCommand(), newHistoryCommand(),
		newStopCommand(), newRestartCommand(), newArchiveCommand())
	return cmd
}

// askRegistry calls do with a view of the registry. Its errors have the exit code of their cause.
func askRegistry(cmd *cobra.Command, do func(ctx context.Context, v *registry.View) error) error {
	timeout, err := cmd.Flags().GetDuration("timeout")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()
	s := settingsOf(cmd)
	cfg := registry.Config{Brokers: s.Brokers, Prefix: s.Prefix}
	if err := registryThere(ctx, s, cfg.Table()); err != nil {
		return err
	}
	err = registry.WithView(ctx, cfg, do)
	if errors.Is(err, registry.ErrUnreachable) || errors.Is(err, registry.ErrNoAnswer) {
		return unreachable(err)
	}
	return err
}

// registryThere waits a little for the table of the registry, which a run that starts makes. A view would make it, so that a
// slip in --prefix left topics behind.
func registryThere(ctx context.Context, s *settings, table string) error {
	client, err := connect(ctx, s)
	if err != nil {
		return err
	}
	defer client.Close()
	var missing error
	for began := time.Now(); ; {
		_, err := partitions(ctx, client, table)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || missing == nil {
			missing = err
		}
		if time.Since(began) > reach || ctx.Err() != nil {
			return unreachable(missing)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// askEntry calls do with one experiment of the registry.
func askEntry(cmd *cobra.Command, name string, do func(entry *experiment.Entry) error) error {
	return askRegistry(cmd, func(_ context.Context, v *registry.View) error {
		entry := v.Entry(name)
		if entry == nil {
			return fmt.Errorf("there is no experiment %q, `abacus experiments list --state all` names those there are", name)
		}
		return do(entry)
	})
}

// states are what --state of list knows; the first is the default.
var states = []string{"current", experiment.Draft, experiment.Running, experiment.Stopped, experiment.Archived, "all"}

func newListCommand() *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the experiments of the registry",
		Example: `  abacus experiments list
  abacus experiments list --state archived
  abacus experiments list -o json | jq -r 'select(.decisions) | .experiment'`,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(states, state) {
				return usageError("--state %q is unknown, want %s", state, strings.Join(states, ", "))
			}
			return askRegistry(cmd, func(_ context.Context, v *registry.View) error {
				chosen := slices.DeleteFunc(v.Entries(), func(e *experiment.Entry) bool { return !inState(e, state) })
				return writeEntries(cmd.OutOrStdout(), settingsOf(cmd).Output, chosen)
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", states[0], "only those in `state` draft, running, stopped or archived; current: all but archived; all")
	return cmd
}

func inState(e *experiment.Entry, state string) bool {
	return state == "all" || state == e.State || state == "current" && e.State != experiment.Archived
}

func newShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show one experiment with all its versions and decisions, as JSON",
		Example: "  abacus experiments show checkout-button | jq '.versions[-1].definition'",
		Args:    usageArgs(names(false)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return askEntry(cmd, args[0], func(entry *experiment.Entry) error {
				out := json.NewEncoder(cmd.OutOrStdout())
				if settingsOf(cmd).Output == textOutput {
					out.SetIndent("", "  ")
				}
				return out.Encode(asJSON(entry))
			})
		},
	}
}

// asJSON is an entry for scripts: a draft has no versions, which is a list.
func asJSON(entry *experiment.Entry) experiment.Entry {
	whole := *entry
	whole.Versions = append([]experiment.Version{}, entry.Versions...)
	return whole
}

// writeEntries writes a table, or JSON lines of the entries as the registry has them.
func writeEntries(w io.Writer, output string, entries []*experiment.Entry) error {
	if output == jsonOutput {
		out := json.NewEncoder(w)
		for _, entry := range entries {
			if err := out.Encode(asJSON(entry)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(entries) == 0 {
		_, err := fmt.Fprintln(w, "no experiments yet: abacus experiments apply -f FILE")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EXPERIMENT\tSTATE\tRUN\tVERSION\tEFFECTIVE\tEND\tVARIANTS\tMETRICS")
	for _, entry := range entries {
		version, effective, d := "-", "-", entry.Current()
		if latest := entry.Latest(); latest != nil {
			version, effective = fmt.Sprint(latest.Version), instant(latest.Effective)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", entry.Experiment, entry.State, entry.Run, version,
			effective, endOfRun(entry), variantNames(d), metricNames(d))
	}
	return table.Flush()
}

// endOfRun is when the run ends, and what ended it if that was a decision.
func endOfRun(entry *experiment.Entry) string {
	d := entry.Current()
	if d.End == nil {
		return "-"
	}
	for _, acted := range entry.Decisions {
		if acted.Version > 0 {
			return instant(d.End.UnixMilli()) + " by " + acted.Metric
		}
	}
	return instant(d.End.UnixMilli())
}

func variantNames(d *experiment.Definition) string {
	var names []string
	for _, v := range d.Variants {
		names = append(names, fmt.Sprintf("%s:%v", v.Name, v.Weight))
	}
	return strings.Join(names, " ")
}

func metricNames(d *experiment.Definition) string {
	var names []string
	for _, m := range d.Metrics {
		names = append(names, m.Name)
	}
	return strings.Join(names, " ")
}

// instant is a time as people and scripts read it.
func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
