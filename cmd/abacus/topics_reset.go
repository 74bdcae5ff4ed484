package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
)

const resetLong = `Reset makes abacus run begin anew: it deletes the internal topics (changelogs, repartition), the stats topic, the groups
of run and mirror with their offsets, and their local state under --state-dir. Events and experiments stay; the next run
counts all events that are still in their topic. It refuses while a run or a mirror is a member of its group.

Delete the state directories of other machines yourself before they start again.`

func newTopicsResetCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "reset", Short: "Delete all that is computed, so that the next run counts all events anew",
		Long: resetLong, Example: "  abacus topics reset --yes", Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return usageError("reset deletes results and state: say --yes")
			}
			client, err := connect(cmd.Context(), settingsOf(cmd))
			if err != nil {
				return err
			}
			defer client.Close()
			return reset(cmd, kadm.NewClient(client))
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "really do it")
	return cmd
}

func reset(cmd *cobra.Command, admin *kadm.Client) error {
	ctx, s := cmd.Context(), settingsOf(cmd)
	groups := []string{s.Prefix, engine.MirrorGroup(s.Prefix)}
	if err := deserted(ctx, admin, groups); err != nil {
		return err
	}
	computed, err := computedTopics(s.Prefix)
	if err != nil {
		return err
	}
	deleted, err := admin.DeleteTopics(ctx, computed...)
	if err != nil {
		return fmt.Errorf("delete topics: %w", err)
	}
	for _, t := range deleted.Sorted() {
		if t.Err != nil && !errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
			return fmt.Errorf("delete topic %s: %w", t.Topic, t.Err)
		}
		if t.Err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "deleted topic %s\n", t.Topic)
		}
	}
	for _, group := range groups {
		if _, err := admin.DeleteGroup(ctx, group); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return fmt.Errorf("delete group %s: %w", group, err)
		}
		folder := filepath.Join(s.StateDir, group)
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("delete state: %w", err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "deleted group %s and %s\n", group, folder)
	}
	return nil
}

// deserted refuses groups that have members.
func deserted(ctx context.Context, admin *kadm.Client, groups []string) error {
	described, err := admin.DescribeGroups(ctx, groups...)
	if err != nil {
		return fmt.Errorf("describe groups: %w", err)
	}
	for _, g := range described.Sorted() {
		if len(g.Members) > 0 {
			return fmt.Errorf("group %s has %d members: stop abacus run and abacus mirror first; one that was killed is a member for ten more seconds", g.Group, len(g.Members))
		}
	}
	return nil
}

// computedTopics are the topics that follow from events and registry.
func computedTopics(prefix string) ([]string, error) {
	all := []string{topics.Stats(prefix)}
	apps, err := topologies(prefix)
	if err != nil {
		return nil, err
	}
	for _, t := range apps {
		for _, sub := range t.Subs {
			for _, sink := range sub.Sinks {
				if sink.Repartition {
					all = append(all, sink.Topic)
				}
			}
			for _, store := range sub.Stores {
				if store.SourceTopic == "" {
					all = append(all, sub.Changelog(store))
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
