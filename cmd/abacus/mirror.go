package main

import (
	"github.com/spf13/cobra"
)

const mirrorLong = `Mirror copies the stats topic to Redis: the hash ab:stats:{experiment} of each experiment, ab:window:{experiment}:60s
of its newest window, and a note on the channel ab:updates. Redis may go away, be emptied or be replaced at any time: it
is filled again from Kafka. Several mirrors share the work. A database of Redis belongs to the installation (cluster and
--prefix) that wrote it first, in field owner of ab:mirror, until it is emptied: give each its own, redis://host:6379/1.`

const mirrorExample = `  abacus mirror --brokers localhost:9092 --redis redis://localhost:6379

  # then, from anywhere
  redis-cli hgetall 'ab:stats:{checkout-button}'`

func newMirrorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mirror", Short: "Copy the results to Redis", Long: mirrorLong, Example: mirrorExample,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, stop, err := newEngine(cmd)
			if err != nil {
				return err
			}
			defer stop()
			if e.Redis, err = openRedis(settingsOf(cmd)); err != nil {
				return err
			}
			defer e.Redis.Close()
			e.MirrorAlone = true
			return runEngine(cmd.Context(), e)
		},
	}
	logFlag(cmd)
	metricsFlag(cmd)
	return cmd
}
