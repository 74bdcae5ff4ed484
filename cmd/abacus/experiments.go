package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

// newExperimentsCommand is the command that manages experiments.
func newExperimentsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "experiments",
		Aliases: []string{"experiment"},
		Short:   "Define experiments and see what is defined",
		Args:    usageArgs(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Example: `  abacus experiments apply -f checkout-button.yaml
  abacus experiments list`,
	}
	cmd.PersistentFlags().Duration("timeout", 15*time.Second, "most `time` to wait for the registry's answer")
	cmd.AddCommand(newApplyCommand(), newListCommand(), newShowCommand(), newStopCommand())
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
	err = registry.WithView(ctx, registry.Config{Brokers: s.Brokers, Prefix: s.Prefix}, do)
	if errors.Is(err, registry.ErrUnreachable) || errors.Is(err, registry.ErrNoAnswer) {
		return unreachable(err)
	}
	return err
}

func newListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the experiments of the registry",
		Example: `  abacus experiments list
  abacus experiments list -o json | jq -r 'select(.state == "running") | .experiment'`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return askRegistry(cmd, func(_ context.Context, v *registry.View) error {
				return writeEntries(cmd.OutOrStdout(), settingsOf(cmd).Output, v.Entries())
			})
		},
	}
}

func newShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show one experiment with all its versions, as JSON",
		Example: "  abacus experiments show checkout-button | jq '.versions[-1].definition'",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return askRegistry(cmd, func(_ context.Context, v *registry.View) error {
				entry := v.Entry(args[0])
				if entry == nil {
					return fmt.Errorf("there is no experiment %q, `abacus experiments list` names those there are", args[0])
				}
				out := json.NewEncoder(cmd.OutOrStdout())
				if settingsOf(cmd).Output == textOutput {
					out.SetIndent("", "  ")
				}
				return out.Encode(entry)
			})
		},
	}
}

func newStopCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "stop NAME...",
		Short:   "End experiments, two seconds from now",
		Example: "  abacus experiments stop checkout-button",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var commands []registry.Command
			for _, name := range args {
				commands = append(commands, registry.Command{Kind: registry.KindStop, Experiment: name, At: time.Now().UnixMilli()})
			}
			return sendCommands(cmd, commands)
		},
	}
}

// writeEntries writes a table, or JSON lines of the entries as the registry has them.
func writeEntries(w io.Writer, output string, entries []*experiment.Entry) error {
	if output == jsonOutput {
		out := json.NewEncoder(w)
		for _, entry := range entries {
			if err := out.Encode(entry); err != nil {
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
	fmt.Fprintln(table, "EXPERIMENT\tSTATE\tRUN\tVERSION\tEFFECTIVE\tVARIANTS\tMETRICS")
	for _, entry := range entries {
		latest := entry.Latest()
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\t%s\n", entry.Experiment, entry.State, entry.Run, latest.Version,
			instant(latest.Effective), variantNames(&latest.Definition), metricNames(&latest.Definition))
	}
	return table.Flush()
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
