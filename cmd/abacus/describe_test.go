package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Both topologies come in each form, and another form is a fault of usage.
func TestDescribeInEachForm(t *testing.T) {
	t.Chdir(t.TempDir())
	for form, starts := range map[string][]string{
		"text":    {"App: abacus\n", "App: abacus-mirror\n"},
		"json":    {`{"app":"abacus",`, `{"app":"abacus-mirror",`},
		"dot":     {`digraph "abacus" {`, `digraph "abacus-mirror" {`},
		"mermaid": {"flowchart LR\n", "abacus.stats"},
	} {
		got := run(t, newRootCommand(), "describe", "-o", form)
		require.Zero(t, got.code, got.err)
		require.True(t, strings.HasPrefix(got.out, starts[0]), got.out)
		require.Contains(t, got.out, starts[1])
		require.Equal(t, 1, strings.Count(got.out, starts[0]), "one document: %s", form)
	}
	got := run(t, newRootCommand(), "describe", "-o", "xml")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "want text, json, dot or mermaid")
}
