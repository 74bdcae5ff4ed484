package main

import (
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/flow"
)

func TestEmission(t *testing.T) {
	for text, want := range map[string]flow.Config{
		"commit": {EmitEvery: time.Millisecond, WindowsEvery: time.Millisecond},
		"close":  {OnClose: true},
		"2s":     {EmitEvery: 2 * time.Second},
	} {
		got, err := emissionOf(t, text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "often", "0s", "-1s", "10us"} {
		_, err := emissionOf(t, text)
		require.ErrorContains(t, err, "want commit, close, or a duration")
	}
}

func emissionOf(t *testing.T, text string) (flow.Config, error) {
	cmd := &cobra.Command{}
	emitFlag(cmd)
	require.NoError(t, cmd.Flags().Set("emit", text))
	return emission(cmd)
}
