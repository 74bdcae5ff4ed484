package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
)

func newTopicsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "topics", Short: "Make the topics, check them, or start over",
		Args: usageArgs(knownCommand),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Example: `  abacus topics create --partitions 16
  abacus topics check`,
	}
	cmd.AddCommand(newTopicsCreateCommand(), newTopicsCheckCommand(), newTopicsResetCommand())
	return cmd
}

// partitionsFlag gives a command its --partitions.
func partitionsFlag(cmd *cobra.Command) *int32 {
	return cmd.Flags().Int32("partitions", topics.EventsPartitions, "`number` of partitions of the events topic; it cannot be changed later")
}

// askedPartitions is 0 where nobody has asked for a number: as many as the topic was made with.
func askedPartitions(cmd *cobra.Command, events *int32) int32 {
	if !cmd.Flags().Changed("partitions") {
		return 0
	}
	return *events
}

func newTopicsCreateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create", Short: "Make the topics that are missing",
		Long: `Create makes the topics that are missing and leaves the others as they are. abacus run does the same at its start, with
8 partitions of events: the most workers that can share the first stage.`,
		Example: "  abacus topics create --partitions 16",
		Args:    usageArgs(noArguments),
	}
	events := partitionsFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s := settingsOf(cmd)
		if *events < 1 {
			return usageError("--partitions %d: want at least 1", *events)
		}
		client, err := connect(cmd.Context(), s)
		if err != nil {
			return err
		}
		defer client.Close()
		table := topics.Table(s.Prefix, *events)
		made, err := topics.Create(cmd.Context(), kadm.NewClient(client), table)
		if err != nil {
			return err
		}
		there, err := topics.Check(cmd.Context(), kadm.NewClient(client), topics.Table(s.Prefix, askedPartitions(cmd, events)))
		if err != nil {
			return err
		}
		return tellCreated(cmd, table, made, there)
	}
	return cmd
}

func tellCreated(cmd *cobra.Command, table []topics.Topic, made []string, deviations []topics.Deviation) error {
	isNew := map[string]bool{}
	for _, name := range made {
		isNew[name] = true
	}
	for _, t := range table {
		if settingsOf(cmd).Output == jsonOutput {
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"topic": t.Name, "created": isNew[t.Name]}); err != nil {
				return err
			}
			continue
		}
		what := "there already"
		if isNew[t.Name] {
			what = fmt.Sprintf("created, %d partitions, %s", t.Partitions, t.Cleanup)
		}
		for _, d := range deviations {
			if d.Topic == t.Name && !isNew[t.Name] {
				what += fmt.Sprintf("; %s is %s, not %s", d.Setting, d.Have, d.Want)
			}
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", t.Name, what); err != nil {
			return err
		}
	}
	return nil
}

func newTopicsCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check", Short: "Name everything about the topics that is not as it has to be",
		Long: `Check compares partitions, cleanup policy, retention and timestamp type of the topics with what they have to be, and
the cluster's transaction.version. It names every deviation and exits with 1 if there is one. Those marked with ! stop
abacus run from starting.

What is missing is made by abacus topics create; a setting is changed with kafka-configs.sh --alter --topic TOPIC
--add-config SETTING=VALUE; a number of partitions never changes.`,
		Example: `  abacus topics check
  abacus topics check --partitions 16 -o json`,
		Args: usageArgs(noArguments),
	}
	events := partitionsFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s := settingsOf(cmd)
		client, err := connect(cmd.Context(), s)
		if err != nil {
			return err
		}
		defer client.Close()
		cluster, err := topics.CheckCluster(cmd.Context(), client)
		if err != nil {
			return err
		}
		table := topics.Table(s.Prefix, askedPartitions(cmd, events))
		all, err := topics.Check(cmd.Context(), kadm.NewClient(client), table)
		if err != nil {
			return err
		}
		return tellDeviations(cmd, len(table), append(cluster, all...))
	}
	return cmd
}

func tellDeviations(cmd *cobra.Command, checked int, all []topics.Deviation) error {
	out, s := cmd.OutOrStdout(), settingsOf(cmd)
	for _, d := range all {
		if s.Output == jsonOutput {
			if err := json.NewEncoder(out).Encode(d); err != nil {
				return err
			}
			continue
		}
		mark := " "
		if d.Fatal {
			mark = "!"
		}
		fmt.Fprintf(out, "%s %s\n", mark, d)
	}
	if len(all) == 0 {
		if s.Output == textOutput {
			fmt.Fprintf(out, "%d topics are as they have to be\n", checked)
		}
		return nil
	}
	if len(all) == 1 {
		return errors.New("1 deviation")
	}
	return fmt.Errorf("%d deviations", len(all))
}
