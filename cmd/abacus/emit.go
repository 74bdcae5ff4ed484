package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/processors/experiment/flow"
)

const emitLong = "`when` results are sent: commit (with each commit that changes them), close (once their second, or window, is closed), or a duration between two records"

func emitFlag(cmd *cobra.Command) { cmd.Flags().String("emit", "20ms", emitLong) }

// emission is what --emit says.
func emission(cmd *cobra.Command) (cfg flow.Config, err error) {
	text, err := cmd.Flags().GetString("emit")
	if err != nil {
		return cfg, err
	}
	switch text {
	case "commit":
		return flow.Config{EmitEvery: time.Millisecond, WindowsEvery: time.Millisecond}, nil
	case "close":
		return flow.Config{OnClose: true}, nil
	}
	cfg.EmitEvery, err = time.ParseDuration(text)
	if err != nil || cfg.EmitEvery < time.Millisecond {
		return cfg, usageError("--emit %s: want commit, close, or a duration of at least 1ms, as in --emit 500ms", text)
	}
	return cfg, nil
}
