package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// command is cobra's; the name keeps main.go free of it.
type command = cobra.Command

const rootLong = `Abacus counts experiments as they happen: events in through Kafka, exact and always-valid
results out, a fraction of a second later.

Settings come from flags, then from the environment (ABACUS_BROKERS, ABACUS_COMMIT_EVERY ...), then from abacus.yaml.
Exit codes: 0 ok, 1 failed or differences found, 2 usage, 3 a service is out of reach, 4 bad input rows.`

const rootExample = `  # see it work: Kafka, Redis and a generator with known effects in this process
  abacus demo --for 20s

  # the figures of a finished experiment, everything in this process
  abacus replay cookie_cats.csv.gz --embedded --experiment cookie-cats --unit userid --variant version \
      --control gate_30 --metric retention_7=conversion:retention_7

  # on a cluster: the processor, an experiment, its results as they come, and the proof
  export ABACUS_BROKERS=kafka-1:9092,kafka-2:9092 ABACUS_REDIS=redis://redis-1:6379
  abacus run
  abacus experiments apply -f checkout-button.yaml
  abacus tail
  abacus verify`

// newRootCommand returns the command line as a whole.
func newRootCommand() *cobra.Command {
	s := &settings{}
	root := &cobra.Command{
		Use:           "abacus",
		Short:         "Exact, always-valid experiment results from Kafka, in real time",
		Long:          rootLong,
		Example:       rootExample,
		Version:       version(),
		Args:          usageArgs(knownCommand),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := configure(cmd, environment()); err != nil {
				return err
			}
			cmd.SetContext(withSettings(cmd.Context(), s))
			return s.validate()
		},
	}
	root.SetFlagErrorFunc(flagFault)
	root.SetVersionTemplate("{{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	s.bind(root.PersistentFlags())
	root.AddCommand(
		newDemoCommand(),
		newRunCommand(),
		newMirrorCommand(),
		newExperimentsCommand(),
		newPlanCommand(),
		newTopicsCommand(),
		newLoadCommand(),
		newReplayCommand(feedReplay),
		newTailCommand(),
		newVerifyCommand(),
		newStatusCommand(),
		newDescribeCommand(),
		newVersionCommand(),
	)
	return root
}

// knownCommand refuses what is no command and names the nearest.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("unknown command %q: did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return fmt.Errorf("unknown command %q", args[0])
}
