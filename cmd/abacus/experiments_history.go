package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

const historyLong = `History shows the versions of the run: when each was accepted, from when on it holds by event time, the weights of the
allocation epoch that begins with it, what it changed, and the command or decision that made it. Then what the engine
decided, with its evidence, what was refused lately, and what is left of runs before.`

// step is one version of the run.
type step struct {
	Version   int64               `json:"version"` // also of the allocation epoch
	Accepted  int64               `json:"accepted"`
	Effective int64               `json:"effective"`
	Traffic   float64             `json:"traffic"`
	Weights   experiment.Variants `json:"weights"`
	Changes   []registry.Change   `json:"changes,omitempty"` // against the version before
	Command   string              `json:"command,omitempty"`
}

// past is the history of one experiment, as JSON of one line.
type past struct {
	Experiment string               `json:"experiment"`
	State      string               `json:"state"`
	Run        int                  `json:"run"`
	Versions   []step               `json:"versions"`
	Decisions  []experiment.Acted   `json:"decisions,omitempty"`
	Refused    []experiment.Refusal `json:"refused,omitempty"`
	Earlier    []experiment.Earlier `json:"earlier,omitempty"`
}

func newHistoryCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "history NAME",
		Short: "Show the versions, allocation epochs and decisions of one experiment",
		Long:  historyLong,
		Example: `  abacus experiments history checkout-button
  abacus experiments history checkout-button -o json | jq '.decisions[] | {metric, variant, p, reason}'`,
		Args: usageArgs(names(false)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return askEntry(cmd, args[0], func(entry *experiment.Entry) error {
				h, err := historyOf(entry)
				if err != nil {
					return err
				}
				if settingsOf(cmd).Output == jsonOutput {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(h)
				}
				return writeHistory(cmd.OutOrStdout(), h)
			})
		},
	}
}

func historyOf(entry *experiment.Entry) (past, error) {
	h := past{Experiment: entry.Experiment, State: entry.State, Run: entry.Run, Versions: []step{},
		Decisions: entry.Decisions, Refused: entry.Refused, Earlier: entry.Earlier}
	for i := range entry.Versions {
		v := &entry.Versions[i]
		d := v.Definition
		d.Defaults()
		s := step{Version: v.Version, Accepted: v.Accepted, Effective: v.Effective, Traffic: *d.Traffic, Weights: d.Variants, Command: v.Command}
		if i > 0 {
			var err error
			if s.Changes, err = registry.Differences(entry.Versions[i-1].Definition, d); err != nil {
				return h, err
			}
		}
		h.Versions = append(h.Versions, s)
	}
	return h, nil
}

func writeHistory(w io.Writer, h past) error {
	fmt.Fprintf(w, "%s: %s, run %d\n", h.Experiment, h.State, h.Run)
	for _, e := range h.Earlier {
		fmt.Fprintf(w, "run %d: %s, %s, from %s to %s, replaced %s\n", e.Run, e.State, table.Count(int64(e.Versions), "version"), instant(e.Start), orOpen(e.End), instant(e.Replaced))
		writeDecisions(w, e.Decisions)
	}
	if len(h.Versions) > 0 {
		fmt.Fprintf(w, "run %d:\n", h.Run)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, v := range h.Versions {
		if i == 0 {
			fmt.Fprintln(table, "  VERSION\tACCEPTED\tEFFECTIVE\tTRAFFIC\tWEIGHTS\tCHANGED\tBY")
		}
		fmt.Fprintf(table, "  %d\t%s\t%s\t%v\t%s\t%s\t%s\n", v.Version, instant(v.Accepted), instant(v.Effective), v.Traffic,
			variantNames(&experiment.Definition{Variants: v.Weights}), changedFields(v.Changes), v.Command)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	writeDecisions(w, h.Decisions)
	for _, r := range h.Refused {
		fmt.Fprintf(w, "refused %s: %s\n", r.Command, indented(r.Reason))
	}
	return nil
}

// writeDecisions writes two lines a decision: what and why, and the evidence.
func writeDecisions(w io.Writer, all []experiment.Acted) {
	for _, a := range all {
		effect := "noted"
		if a.Version > 0 {
			effect = fmt.Sprintf("version %d ends the run", a.Version)
		}
		fmt.Fprintf(w, "decision %s: %s at %s, %s: %s\n", a.ID, a.Action, instant(a.Accepted), effect, a.Reason)
		fmt.Fprintf(w, "  second %s, p %.3g at level %.3g of a budget of %.3g", instant(a.Pane), a.P, a.Alpha, a.Budget)
		if a.Control != nil && a.Treatment != nil {
			fmt.Fprintf(w, ", margin %v: %s of %s against %s of %s", a.Margin, a.Treatment.Sum, table.Count(a.Treatment.N, "unit"), a.Control.Sum, table.Thousands(a.Control.N))
		}
		if len(a.FirstSeen) > 0 {
			fmt.Fprintf(w, ", first seen %v", a.FirstSeen)
		}
		fmt.Fprintln(w)
	}
}

func orOpen(ms int64) string {
	if ms == 0 {
		return "its replacement"
	}
	return instant(ms)
}

// changedFields are the names alone: the values are in -o json.
func changedFields(changes []registry.Change) string {
	if len(changes) == 0 {
		return "-"
	}
	fields := make([]string, len(changes))
	for i, c := range changes {
		fields[i] = c.Field
	}
	return strings.Join(fields, " ")
}
