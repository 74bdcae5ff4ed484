package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

const applyLong = `Apply makes experiments of YAML documents, or gives running ones their next version. What is applied again unchanged
changes nothing. While an experiment runs, its weights, traffic, end, windows, retention and decision may change; a later
version takes effect two seconds after its acceptance.

Every fault of every file is reported before anything is sent.`

func newApplyCommand() *cobra.Command {
	var (
		files   []string
		dry     bool
		restart bool
	)
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Apply experiments from YAML files",
		Long:  applyLong,
		Example: `  abacus experiments apply -f checkout-button.yaml
  abacus experiments apply -f a.yaml -f b.yaml --dry-run
  cat experiments.yaml | abacus experiments apply -f -`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(files) == 0 {
				return usageError("-f is missing: name a file, or - for the standard input")
			}
			definitions, err := readDefinitions(cmd.InOrStdin(), files)
			if err != nil {
				return err
			}
			if dry {
				return writeChecked(cmd.OutOrStdout(), settingsOf(cmd).Output, definitions)
			}
			kind := registry.KindApply
			if restart {
				kind = registry.KindRestart
			}
			var commands []registry.Command
			for _, d := range definitions {
				commands = append(commands, registry.Command{Kind: kind, Experiment: d.Experiment, Definition: d, At: time.Now().UnixMilli()})
			}
			return sendCommands(cmd, commands)
		},
	}
	cmd.Flags().StringArrayVarP(&files, "file", "f", nil, "YAML `file` of one or several documents, - for the standard input; repeatable")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "check the files, send nothing")
	cmd.Flags().BoolVar(&restart, "restart", false, "begin a new run, whatever has changed; what was counted before is put aside")
	return cmd
}

// readDefinitions reads and checks all files; the error reports every fault of each.
func readDefinitions(in io.Reader, files []string) (all []*experiment.Definition, err error) {
	var faults []error
	from := map[string]string{}
	for _, file := range files {
		definitions, err := readFileDefinitions(in, file)
		if err != nil {
			faults = append(faults, prefixed(file, err))
			continue
		}
		for _, d := range definitions {
			if other, twice := from[d.Experiment]; twice {
				faults = append(faults, fmt.Errorf("%s: experiment %s is in %s already", file, d.Experiment, other))
			}
			from[d.Experiment] = file
			if err := d.Validate(); err != nil {
				faults = append(faults, prefixed(file+": "+d.Experiment, err))
			}
		}
		all = append(all, definitions...)
	}
	return all, errors.Join(faults...)
}

func readFileDefinitions(in io.Reader, file string) ([]*experiment.Definition, error) {
	if file == "-" {
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, fmt.Errorf("read the standard input: %w", err)
		}
		return experiment.ParseAll(data)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names the file
	}
	return experiment.ParseAll(data)
}

// prefixed says where, on every line.
func prefixed(where string, err error) error {
	return fmt.Errorf("%s: %w", where, &lines{where + ": ", err})
}

// lines is an error whose further lines begin like the first.
type lines struct {
	head string
	err  error
}

func (l *lines) Error() string { return strings.ReplaceAll(l.err.Error(), "\n", "\n"+l.head) }
func (l *lines) Unwrap() error { return l.err }

// applied is what a command did, as JSON of one line.
type applied struct {
	Experiment string `json:"experiment"`
	Run        int    `json:"run"`
	Version    int64  `json:"version"`
	State      string `json:"state"`
	Accepted   int64  `json:"accepted"`
	Effective  int64  `json:"effective"`
	Changed    bool   `json:"changed"`
}

// sendCommands sends commands and tells what they did. Of several some may be refused: the others are told all the same.
func sendCommands(cmd *cobra.Command, commands []registry.Command) error {
	return askRegistry(cmd, func(ctx context.Context, v *registry.View) error {
		before := map[string]*experiment.Entry{}
		for _, c := range commands {
			before[c.Experiment] = v.Entry(c.Experiment)
		}
		entries, err := v.Send(ctx, commands...)
		for _, entry := range entries {
			if entry == nil {
				continue
			}
			if err := writeApplied(cmd.OutOrStdout(), settingsOf(cmd).Output, before[entry.Experiment], entry); err != nil {
				return err
			}
		}
		return err
	})
}

func writeApplied(w io.Writer, output string, before, entry *experiment.Entry) error {
	latest := entry.Latest()
	changed := before == nil || before.Run != entry.Run || before.State != entry.State || before.Latest().Version != latest.Version
	if output == jsonOutput {
		return json.NewEncoder(w).Encode(applied{
			entry.Experiment, entry.Run, latest.Version, entry.State, latest.Accepted, latest.Effective, changed})
	}
	what := "unchanged"
	switch {
	case changed && entry.State == experiment.Stopped:
		what = "stopped"
	case changed:
		what = "applied"
	}
	_, err := fmt.Fprintf(w, "%s: %s, run %d version %d, effective %s\n", entry.Experiment, what, entry.Run, latest.Version, instant(latest.Effective))
	return err
}

// writeChecked tells what a dry run read.
func writeChecked(w io.Writer, output string, definitions []*experiment.Definition) error {
	for _, d := range definitions {
		if output == jsonOutput {
			d.Defaults()
			if err := json.NewEncoder(w).Encode(d); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: ok, variants %s, metrics %s\n", d.Experiment, variantNames(d), metricNames(d)); err != nil {
			return err
		}
	}
	return nil
}
