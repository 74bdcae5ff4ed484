package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay"
)

// ran is what one command line gave.
type ran struct {
	code     int
	out, err string
}

// run executes args against root in an empty folder, so that no file of settings is found by chance.
func run(t *testing.T, root *cobra.Command, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(context.Background(), root, args, streams{&bytes.Buffer{}, &out, &errs})
	return ran{code, out.String(), errs.String()}
}

// probe is a command that keeps the settings it ran with.
func probe(root *cobra.Command, got *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "probe", RunE: func(cmd *cobra.Command, _ []string) error {
		*got = *settingsOf(cmd)
		return nil
	}}
	cmd.Flags().StringArray("where", nil, "")
	cmd.Flags().Bool("deep", false, "")
	root.AddCommand(cmd)
	return cmd
}

func TestUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"vers"}, `unknown command "vers": did you mean version?`},
		{[]string{"nothing-like-it"}, "unknown command"},
		{[]string{"version", "--nope"}, "unknown flag: --nope"},
		{[]string{"version", "extra"}, `takes no arguments, got "extra"`},
		{[]string{"experiments", "apply", "a.yaml"}, "give the file with -f: abacus experiments apply -f a.yaml"},
		{[]string{"experiments", "aply"}, `unknown command "aply": did you mean apply?`},
		{[]string{"topics", "chek"}, "did you mean check?"},
		{[]string{"demo", "--foor", "1s"}, "unknown flag: --foor: did you mean --for?"},
		{[]string{"experiments", "stop"}, "name the experiment: abacus experiments stop checkout-button"},
		{[]string{"experiments", "show", "a", "b"}, `takes one experiment, got "b" too`},
		{[]string{"plan", "--baseline", "0.05"}, "--mde is missing"},
		{[]string{"demo", "--for", "20"}, `--for "20": want a length of time such as 20s`},
		{[]string{"plan", "--weights", "a,b"}, `--weights "a,b": want numbers, comma-separated`},
		{[]string{"version", "-o", "xml"}, "want text or json"},
		{[]string{"version", "--workers", "0", "--prefix", "a b"}, "--prefix"},
		{[]string{"version", "--commit-every", "soon"}, `--commit-every "soon": want a length of time`},
		{[]string{"version", "--config", "missing.yaml"}, "missing.yaml"},
		{[]string{"load", "--format", "xml"}, "--format xml: want json or msgpack"},
	} {
		got := run(t, newRootCommand(), test.args...)
		require.Equal(t, exitUsage, got.code, test.args)
		require.Contains(t, got.err, test.want)
		require.Contains(t, got.err, "--help")
		require.Empty(t, got.out)
	}
}

// TestStateDirIsCheckedFirst: though Kafka is away, a folder that cannot be written is told at once.
func TestStateDirIsCheckedFirst(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("file", nil, 0o600))
	for _, command := range []string{"run", "mirror"} {
		got := run(t, newRootCommand(), command, "--brokers", "127.0.0.1:1", "--state-dir", "file/below")
		require.Equal(t, exitFailed, got.code)
		require.Contains(t, got.err, "--state-dir file/below cannot be written, let this process write there or name another folder")
	}
	require.Contains(t, run(t, newRootCommand(), "plan", "--help").out, "(default 1,1)")
}

// TestHelp: every command has a line, a help and an example.
func TestHelp(t *testing.T) {
	root := newRootCommand()
	for _, cmd := range append(root.Commands(), root) {
		require.NotEmpty(t, cmd.Short, cmd.Name())
		require.NotEmpty(t, cmd.Example, cmd.Name())
	}
	got := run(t, newRootCommand())
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.out, "Available Commands")
}

func TestVersion(t *testing.T) {
	t.Chdir(t.TempDir())
	require.Contains(t, run(t, newRootCommand(), "version").out, "abacus dev")
	require.Contains(t, run(t, newRootCommand(), "--version").out, "abacus dev")
	require.Contains(t, run(t, newRootCommand(), "version", "-o", "json").out, `"version":"dev"`)
}

// TestPrecedence: flags, then the environment, then the command's section of the file, then its top level.
func TestPrecedence(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("abacus.yaml", []byte(
		"prefix: from-file\nworkers: 3\ncommit-every: 250ms\nbrokers: [a:1, b:2]\nredis: redis://file\nprobe: {redis: redis://section, deep: true, where: [a=1, b=2]}\n"), 0o600))
	t.Setenv("ABACUS_WORKERS", "5")
	t.Setenv("ABACUS_STATE_DIR", "/from/env")
	t.Setenv("ABACUS_PREFIX", "from-env")
	t.Setenv("ABACUS_DATA", "/not/a/setting")
	var got settings
	root := newRootCommand()
	cmd := probe(root, &got)
	require.Equal(t, ran{}, run(t, root, "probe", "--prefix", "from-flag"))
	require.Equal(t, settings{
		Brokers: []string{"a:1", "b:2"}, Prefix: "from-flag", Redis: "redis://section", StateDir: "/from/env",
		Workers: 5, CommitEvery: 250e6, Output: textOutput,
	}, got)
	deep, err := cmd.Flags().GetBool("deep")
	require.NoError(t, err)
	require.True(t, deep)
	where, err := cmd.Flags().GetStringArray("where")
	require.NoError(t, err)
	require.Equal(t, []string{"a=1", "b=2"}, where)
}

func TestNamedFile(t *testing.T) {
	t.Chdir(t.TempDir())
	path := filepath.Join(t.TempDir(), "other.yaml")
	require.NoError(t, os.WriteFile(path, []byte("brokers: x:9\n"), 0o600))
	for _, args := range [][]string{{"probe", "--config", path}, {"probe"}} {
		var got settings
		root := newRootCommand()
		probe(root, &got)
		require.Equal(t, ran{}, run(t, root, args...))
		require.Equal(t, []string{"x:9"}, got.Brokers)
		t.Setenv("ABACUS_CONFIG", path)
	}
}

func TestBadSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	for text, want := range map[string]string{
		"brokerz: a:1\n":       `abacus.yaml: unknown setting "brokerz"`,
		"version: {fast: 1}":   `unknown setting "version.fast"`,
		"workers: many\n":      "abacus.yaml: workers",
		"prefix: [a, b]\n":     "takes one value, not a list",
		"commit-every: 5\n":    "abacus.yaml: commit-every",
		"brokers: [a\n":        "abacus.yaml",
		"config: other.yaml\n": "unknown setting",
	} {
		require.NoError(t, os.WriteFile("abacus.yaml", []byte(text), 0o600))
		got := run(t, newRootCommand(), "version")
		require.Equal(t, exitUsage, got.code, text)
		require.Contains(t, got.err, want)
	}
	require.NoError(t, os.Remove("abacus.yaml"))
	t.Setenv("ABACUS_WORKERS", "many")
	got := run(t, newRootCommand(), "version")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "ABACUS_WORKERS: workers")
}

func TestExitCodes(t *testing.T) {
	for want, errs := range map[int][]error{
		exitOK:          {nil, unreachable(nil)},
		exitFailed:      {errors.New("differences found"), context.Canceled},
		exitUsage:       {usageError("no"), &replay.UsageError{Flag: "unit", Reason: "no"}},
		exitUnreachable: {unreachable(errors.New("gone")), &net.OpError{Op: "dial", Err: errors.New("refused")}},
		exitBadRows:     {&replay.BadRowsError{Count: 1}},
	} {
		for _, err := range errs {
			require.Equal(t, want, exitCode(err), "%v", err)
			if err != nil {
				require.Equal(t, want, exitCode(fmt.Errorf("somewhere: %w", err)))
			}
		}
	}
}
