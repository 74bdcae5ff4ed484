package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// filesFlag binds -f to files.
func filesFlag(cmd *cobra.Command, files *[]string) {
	cmd.Flags().StringArrayVarP(files, "file", "f", nil, "YAML `file` of one or several documents, - for the standard input; repeatable")
}

// documents are the checked definitions of the files that -f names.
func documents(cmd *cobra.Command, files []string) ([]*experiment.Definition, error) {
	if len(files) == 0 {
		return nil, usageError("-f is missing: name a file, or - for the standard input")
	}
	return readDefinitions(cmd.InOrStdin(), files)
}

// readDefinitions reads and checks all files; the error reports every fault of each.
func readDefinitions(in io.Reader, files []string) (all []*experiment.Definition, err error) {
	var faults []error
	from := map[string]string{}
	for _, file := range files {
		definitions, err := readFileDefinitions(in, file)
		if err != nil {
			faults = append(faults, prefixed(file, err))
		}
		for _, d := range definitions {
			if other, twice := from[d.Experiment]; twice {
				faults = append(faults, fmt.Errorf("%s: experiment %s is in %s already", file, d.Experiment, other))
			}
			from[d.Experiment] = file
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
		return experiment.Read(data)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names the file
	}
	return experiment.Read(data)
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

func newCheckCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "check -f FILE",
		Short: "Check YAML files by themselves, without a registry",
		Long: `Check reads documents as apply does and reports every fault of every file, with its line; it needs no broker. With -o json it
prints each definition with its defaults, or {"faults": [...]}. Whether a running experiment may become so, apply --dry-run tells.`,
		Example: `  abacus experiments check -f checkout-button.yaml
  abacus experiments check -f a.yaml -f b.yaml -o json`,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			definitions, err := documents(cmd, files)
			if err != nil && len(files) > 0 && settingsOf(cmd).Output == jsonOutput {
				faults := map[string]any{"faults": strings.Split(err.Error(), "\n")}
				return errors.Join(err, json.NewEncoder(cmd.OutOrStdout()).Encode(faults))
			}
			if err != nil {
				return err
			}
			return writeChecked(cmd.OutOrStdout(), settingsOf(cmd).Output, definitions)
		},
	}
	filesFlag(cmd, &files)
	return cmd
}

// writeChecked tells what a check read.
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
