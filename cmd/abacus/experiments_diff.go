package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

const diffLong = `Diff shows field by field what apply would change: the document against the definition in the registry, both with their
defaults, and whether the field may change while the experiment runs. Exit code 0 where nothing differs, 1 where something does.`

// different is the document against the table, as JSON of one line.
type different struct {
	Experiment string            `json:"experiment"`
	State      string            `json:"state,omitempty"` // in the registry; empty: it is not there
	Run        int               `json:"run,omitempty"`
	Changes    []registry.Change `json:"changes"`
	Allowed    bool              `json:"allowed"` // apply would take all of it
}

func newDiffCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "diff -f FILE",
		Short: "Show what apply would change",
		Long:  diffLong,
		Example: `  abacus experiments diff -f checkout-button.yaml
  abacus experiments diff -f checkout-button.yaml -o json | jq '.changes[] | select(.allowed | not)'`,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			definitions, err := documents(cmd, files)
			if err != nil {
				return err
			}
			return askRegistry(cmd, func(_ context.Context, v *registry.View) error { return diff(cmd, v, definitions) })
		},
	}
	filesFlag(cmd, &files)
	return cmd
}

func diff(cmd *cobra.Command, v *registry.View, definitions []*experiment.Definition) error {
	var differ []error
	for _, d := range definitions {
		found, err := compared(v.Entry(d.Experiment), d)
		if err != nil {
			return err
		}
		if found.State == "" || len(found.Changes) > 0 {
			differ = append(differ, fmt.Errorf("%s: differs from the registry", d.Experiment))
		}
		if err := writeDifferent(cmd.OutOrStdout(), settingsOf(cmd).Output, found); err != nil {
			return err
		}
	}
	return errors.Join(differ...)
}

// compared holds a document against an entry, nil if there is none.
func compared(entry *experiment.Entry, d *experiment.Definition) (different, error) {
	found := different{Experiment: d.Experiment, Changes: []registry.Change{}, Allowed: true}
	if entry == nil {
		return found, nil
	}
	changes, err := registry.Differences(*entry.Current(), *d)
	if err != nil {
		return found, err
	}
	found.State, found.Run = entry.State, entry.Run
	begun := entry.Latest() != nil
	found.Allowed = !begun || entry.State == experiment.Running
	for _, c := range changes {
		c.Allowed = c.Allowed || !begun // in a draft anything may change
		found.Allowed = found.Allowed && c.Allowed
		found.Changes = append(found.Changes, c)
	}
	return found, nil
}

func writeDifferent(w io.Writer, output string, d different) error {
	if output == jsonOutput {
		return json.NewEncoder(w).Encode(d)
	}
	switch {
	case d.State == "":
		_, err := fmt.Fprintf(w, "%s: is not in the registry, apply begins its first run\n", d.Experiment)
		return err
	case len(d.Changes) == 0:
		_, err := fmt.Fprintf(w, "%s: no difference, it is %s\n", d.Experiment, d.State)
		return err
	}
	verb := "apply takes it"
	if !d.Allowed {
		verb = "apply refuses it, restart begins a new run with it"
	}
	fmt.Fprintf(w, "%s: %s, it is %s: %s\n", d.Experiment, table.Count(int64(len(d.Changes)), "difference"), d.State, verb)
	return writeChanges(w, d.Changes)
}

// writeChanges writes a table, one line a field.
func writeChanges(w io.Writer, changes []registry.Change) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range changes {
		note := ""
		if !c.Allowed {
			note = "\tonly by restart"
		}
		fmt.Fprintf(table, "  %s\t%s\t->  %s%s\n", c.Field, c.Was(), c.Is(), note)
	}
	return table.Flush()
}
