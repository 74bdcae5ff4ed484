package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/topology"
)

const statusLong = `Status shows the consumer groups of an installation: who is at work, how many records each is behind, and below that
each partition with its task and the member that has it. It exits with 1 if a part that is named has no member; without
names, run and the registry have to have one. Containers use it as their health check.`

const statusExample = `  abacus status
  abacus status run -o json
  abacus status mirror`

// groupStatus is one group as Kafka knows it.
type groupStatus struct {
	Part    string           `json:"part"`
	Group   string           `json:"group"`
	State   string           `json:"state"`
	Members int              `json:"members"`
	Lag     map[string]int64 `json:"lag"`               // records by topic
	Missing []string         `json:"missing,omitempty"` // topics that are not there yet
	Parts   []partStatus     `json:"partitions"`
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
	flow, err := engine.Flow(prefix)
	if err != nil {
		return nil, err
	}
	subs := map[string][]*topology.Sub{"run": flow.Subs}
	for _, g := range []groupStatus{
		{Part: "run", Group: prefix, wanted: true},
		{Part: "registry", Group: prefix + ".registry", wanted: true},
		{Part: "mirror", Group: engine.MirrorGroup(prefix), wanted: len(parts) > 0},
	} {
		if len(parts) > 0 && !slices.Contains(parts, g.Part) {
			continue
		}
		if err := g.read(ctx, reader, sources[g.Part], subs[g.Part]); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// read asks for the members of the group and for where they are in the topics. subs are its sub-topologies.
func (g *groupStatus) read(ctx context.Context, reader *logs.Reader, topics []string, subs []*topology.Sub) error {
	all, err := reader.Admin().DescribeGroups(ctx, g.Group)
	if err != nil {
		return unreachable(fmt.Errorf("describe group %s: %w", g.Group, err))
	}
	group := all[g.Group]
	g.State, g.Members, g.Lag, g.Parts = group.State, len(group.Members), map[string]int64{}, []partStatus{}
	for _, topic := range topics {
		lags, err := reader.Lags(ctx, g.Group, topic)
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			g.Missing = append(g.Missing, topic)
			continue
		}
		if err != nil {
			return err
		}
		for _, lag := range lags {
			p := partStatus{Topic: topic, Lag: lag, Task: taskOf(subs, topic, lag.Partition)}
			p.assign(&group)
			g.Lag[topic] += lag.Behind
			g.Parts = append(g.Parts, p)
		}
	}
	return nil
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
	for _, g := range all {
		for _, topic := range g.Missing {
			fmt.Fprintf(table, "%s\ttopic %s is not there yet: `abacus run` makes it; or --prefix is that of another installation\n", g.Part, topic)
		}
	}
	fmt.Fprintln(table)
	fmt.Fprintln(table, "PART\tTASK\tTOPIC\tPARTITION\tPROCESSED\tEND\tBEHIND\tMEMBER")
	for _, g := range all {
		for i := range g.Parts {
			g.Parts[i].write(table, g.Part)
		}
	}
	return table.Flush()
}
