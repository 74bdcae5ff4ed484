package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
)

const statusLong = `Status shows the consumer groups of an installation: who is at work, and how many records each topic is behind. It exits
with 1 if a part that is named has no member; without names, run and the registry have to have one. Containers use it
as their health check.`

const statusExample = `  abacus status
  abacus status run -o json
  abacus status mirror`

// groupStatus is one group as Kafka knows it.
type groupStatus struct {
	Part    string           `json:"part"`
	Group   string           `json:"group"`
	State   string           `json:"state"`
	Members int              `json:"members"`
	Lag     map[string]int64 `json:"lag"` // records by topic
	wanted  bool
}

func newStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status [run|registry|mirror]...", Short: "Who is at work, and how far behind",
		Long: statusLong, Example: statusExample,
		Args: usageArgs(func(_ *cobra.Command, args []string) error {
			for _, arg := range args {
				if !slices.Contains([]string{"run", "registry", "mirror"}, arg) {
					return fmt.Errorf("%q is no part: want run, registry or mirror", arg)
				}
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			s := settingsOf(cmd)
			reader, err := openLogs(cmd.Context(), s)
			if err != nil {
				return err
			}
			defer reader.Close()
			all, err := readStatus(cmd.Context(), reader, s.Prefix, args)
			if err != nil {
				return err
			}
			if err := writeStatus(cmd.OutOrStdout(), s.Output, all); err != nil {
				return err
			}
			for _, g := range all {
				if g.wanted && g.Members == 0 {
					return fmt.Errorf("group %s has no member: is `abacus %s` running?", g.Group, map[bool]string{true: "mirror", false: "run"}[g.Part == "mirror"])
				}
			}
			return nil
		},
	}
}

// readStatus asks for the parts named, all where none is.
func readStatus(ctx context.Context, reader *logs.Reader, prefix string, parts []string) (all []groupStatus, err error) {
	sources := map[string][]string{
		"run":      {topics.Events(prefix), prefix + "-unit-repartition", prefix + "-deltas-repartition"},
		"registry": {prefix + ".registry.commands"},
		"mirror":   {topics.Stats(prefix)},
	}
	for _, g := range []groupStatus{
		{Part: "run", Group: prefix, wanted: true},
		{Part: "registry", Group: prefix + ".registry", wanted: true},
		{Part: "mirror", Group: engine.MirrorGroup(prefix), wanted: len(parts) > 0},
	} {
		if len(parts) > 0 && !slices.Contains(parts, g.Part) {
			continue
		}
		described, err := reader.Admin().DescribeGroups(ctx, g.Group)
		if err != nil {
			return nil, unreachable(fmt.Errorf("describe group %s: %w", g.Group, err))
		}
		g.State, g.Members = described[g.Group].State, len(described[g.Group].Members)
		g.Lag = map[string]int64{}
		for _, topic := range sources[g.Part] {
			if g.Lag[topic], err = reader.Behind(ctx, g.Group, topic); err != nil {
				return nil, err
			}
		}
		all = append(all, g)
	}
	return all, nil
}

func writeStatus(w io.Writer, output string, all []groupStatus) error {
	if output == jsonOutput {
		for _, g := range all {
			if err := json.NewEncoder(w).Encode(g); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PART\tGROUP\tSTATE\tMEMBERS\tBEHIND")
	for _, g := range all {
		behind := int64(0)
		for _, n := range g.Lag {
			behind += n
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\n", g.Part, g.Group, g.State, g.Members, behind)
	}
	return table.Flush()
}
