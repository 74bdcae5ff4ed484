package main

import (
	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

const applyLong = `Apply makes experiments of YAML documents, or gives running ones their next version, and waits until the registry has decided.
It prints from when on the version holds, and when a guardrail can lead to a decision at the earliest. What is applied again
unchanged changes nothing. With draft: true a document is kept but nothing counts; applied without it, the first run begins.

While an experiment runs, its weights, traffic, end, windows, retention and decision may change; a later version takes effect
two seconds after its acceptance. Anything else needs abacus experiments restart.

Every fault of every file is reported, with its line, before anything is sent.`

func newApplyCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Apply experiments from YAML files",
		Long:  applyLong,
		Example: `  abacus experiments apply -f checkout-button.yaml
  abacus experiments apply -f a.yaml -f b.yaml --dry-run
  cat experiments.yaml | abacus experiments apply -f -`,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			definitions, err := documents(cmd, files)
			if err != nil {
				return err
			}
			return sendCommands(cmd, defining(registry.KindApply, definitions))
		},
	}
	filesFlag(cmd, &files)
	dryRunFlag(cmd)
	return cmd
}

const restartLong = `Restart begins a new run: of the definition in a file, which may differ in anything from the one before, or of the definition
that is there, without its start and end. What was counted before is put aside: the new run begins with no unit. A running
experiment is replaced at once; a draft begins its first run.`

func newRestartCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "restart NAME... | -f FILE",
		Short: "Begin new runs of experiments",
		Long:  restartLong,
		Example: `  abacus experiments restart checkout-button
  abacus experiments restart -f checkout-button.yaml --dry-run`,
		Args: usageArgs(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && len(files) == 0:
				return usageError("name the experiments, or a file by -f")
			case len(files) == 0:
				return sendCommands(cmd, naming(registry.KindRestart, args))
			case len(args) > 0:
				return usageError("names and -f do not go together: the file names its experiments")
			}
			definitions, err := documents(cmd, files)
			if err != nil {
				return err
			}
			return sendCommands(cmd, defining(registry.KindRestart, definitions))
		},
	}
	filesFlag(cmd, &files)
	dryRunFlag(cmd)
	return cmd
}

func newStopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop NAME...",
		Short: "End experiments, two seconds from now",
		Example: `  abacus experiments stop checkout-button
  abacus experiments stop checkout-button banner --dry-run`,
		Args: usageArgs(names(true)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sendCommands(cmd, naming(registry.KindStop, args))
		},
	}
	dryRunFlag(cmd)
	return cmd
}

func newArchiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive NAME...",
		Short: "Put away drafts and experiments that have ended",
		Long: `Archive puts away what has ended, or a draft. The engine knows an archived experiment no longer: what is still to mature does
not, and its events are of an unknown experiment. What it published stays. Restart begins a new run of it.`,
		Example: "  abacus experiments archive checkout-button",
		Args:    usageArgs(names(true)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sendCommands(cmd, naming(registry.KindArchive, args))
		},
	}
	dryRunFlag(cmd)
	return cmd
}

// defining are commands with definitions.
func defining(kind registry.Kind, definitions []*experiment.Definition) (commands []registry.Command) {
	for _, d := range definitions {
		commands = append(commands, registry.Command{Kind: kind, Experiment: d.Experiment, Definition: d})
	}
	return commands
}

// naming are commands without.
func naming(kind registry.Kind, names []string) (commands []registry.Command) {
	for _, name := range names {
		commands = append(commands, registry.Command{Kind: kind, Experiment: name})
	}
	return commands
}
