package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

func dryRunFlag(cmd *cobra.Command) {
	cmd.Flags().Bool("dry-run", false, "say what would change and whether it would be refused; send nothing")
}

// applied is what a command did, or would do, as JSON of one line.
type applied struct {
	Experiment string            `json:"experiment"`
	Run        int               `json:"run"`
	Version    int64             `json:"version"` // also the number of the allocation epoch that begins with it
	State      string            `json:"state"`
	Accepted   int64             `json:"accepted"`
	Effective  int64             `json:"effective"`
	Changed    bool              `json:"changed"`
	Earliest   int64             `json:"earliest_decision,omitempty"`
	DryRun     bool              `json:"dry_run,omitempty"`
	Changes    []registry.Change `json:"changes,omitempty"`
	Refused    string            `json:"refused,omitempty"`
}

// outcome compares the entries before and after a command.
func outcome(before, entry *experiment.Entry) applied {
	a := applied{Experiment: entry.Experiment, Run: entry.Run, State: entry.State, Earliest: entry.EarliestDecision()}
	if latest := entry.Latest(); latest != nil {
		a.Version, a.Accepted, a.Effective = latest.Version, latest.Accepted, latest.Effective
		if a.Earliest > 0 {
			a.Earliest = max(a.Earliest, a.Accepted)
		}
	}
	if a.State != experiment.Running {
		a.Earliest = 0
	}
	if before != nil && before.Current() != nil && entry.Current() != nil {
		a.Changes, _ = registry.Differences(*before.Current(), *entry.Current()) // of what was read as JSON there is no error
	}
	a.Changed = before == nil || before.Run != entry.Run || before.State != entry.State || len(a.Changes) > 0
	return a
}

// sendCommands sends commands and tells what they did. Of several some may be refused: the others are told all the same.
func sendCommands(cmd *cobra.Command, commands []registry.Command) error {
	dry, err := cmd.Flags().GetBool("dry-run")
	if err != nil {
		return err
	}
	for i := range commands {
		commands[i].At = time.Now().UnixMilli()
	}
	for _, c := range commands {
		warnOfGrace(cmd.ErrOrStderr(), c.Definition)
	}
	return askRegistry(cmd, func(ctx context.Context, v *registry.View) error {
		if dry {
			return forecast(cmd, v, commands)
		}
		before := map[string]*experiment.Entry{}
		for _, c := range commands {
			before[c.Experiment] = v.Entry(c.Experiment)
		}
		entries, err := v.Send(ctx, commands...)
		for _, entry := range entries {
			if entry == nil {
				continue
			}
			if err := writeApplied(cmd.OutOrStdout(), settingsOf(cmd).Output, outcome(before[entry.Experiment], entry)); err != nil {
				return err
			}
		}
		return err
	})
}

// warnOfGrace tells of a grace that everybody would wait for: units mature when the slowest experiment's grace has passed.
func warnOfGrace(w io.Writer, d *experiment.Definition) {
	if d == nil || d.Grace <= experiment.Duration(time.Minute.Milliseconds()) {
		return
	}
	fmt.Fprintf(w, "%s: grace %s: until it is archived, units of all experiments here mature so much later, and so do verdicts and guardrails\n",
		d.Experiment, d.Grace)
}

// forecast tells what the registry would decide, by its own rules on the table as it is.
func forecast(cmd *cobra.Command, v *registry.View, commands []registry.Command) error {
	var refused []error
	all := v.Entries()
	for _, c := range commands {
		before := v.Entry(c.Experiment)
		entry, refusal := foresee(v, c, all)
		all = append(slices.DeleteFunc(all, func(e *experiment.Entry) bool { return e.Experiment == c.Experiment }), entry)
		a := outcome(before, entry)
		if refusal != "" {
			a.Changed, a.Earliest, a.Refused = false, 0, refusal
			refused = append(refused, fmt.Errorf("%s: would be refused", c.Experiment))
		}
		if a.DryRun = true; c.Definition != nil && a.Refused != "" && before != nil {
			a.Changes, _ = registry.Differences(*before.Current(), *c.Definition)
		}
		if err := writeApplied(cmd.OutOrStdout(), settingsOf(cmd).Output, a); err != nil {
			return err
		}
	}
	return errors.Join(refused...)
}

// foresee is the entry that a command would make beside all others, and why it would be refused; empty: it would not.
func foresee(v *registry.View, c registry.Command, all []*experiment.Entry) (entry *experiment.Entry, refusal string) {
	c.ID = "dry run"
	entry = registry.Decide(v.Entry(c.Experiment), c, time.Now().UnixMilli(), all...)
	if n := len(entry.Refused); n > 0 && entry.Refused[n-1].Command == c.ID {
		refusal = entry.Refused[n-1].Reason
	}
	return entry, refusal
}

// writeApplied writes a line, of a dry run also what would change.
func writeApplied(w io.Writer, output string, a applied) error {
	if output == jsonOutput {
		return json.NewEncoder(w).Encode(a)
	}
	line := fmt.Sprintf("%s: %s", a.Experiment, a.what())
	switch {
	case a.Refused != "":
		line += ": " + indented(a.Refused)
	case a.Version > 0:
		line += fmt.Sprintf(", run %d version %d, effective %s", a.Run, a.Version, instant(a.Effective))
	}
	if a.Earliest > 0 {
		line += ", no guardrail decision before " + instant(a.Earliest)
	}
	fmt.Fprintln(w, line)
	if a.DryRun {
		return writeChanges(w, a.Changes)
	}
	return nil
}

// indented is a text whose further lines stand under the first.
func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

func (a applied) what() string {
	what := "unchanged"
	switch {
	case a.Refused != "":
		return "would be refused"
	case a.Changed && a.State == experiment.Stopped:
		what = "stopped"
	case a.Changed && a.State == experiment.Archived:
		what = "archived"
	case a.Changed && a.State == experiment.Draft:
		what = "kept as a draft"
	case a.Changed:
		what = "applied"
	case a.DryRun:
		return "would stay unchanged"
	}
	if a.DryRun {
		return "would be " + what
	}
	return what
}
