package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/check"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

var demoNames = []string{"checkout-button", "heavy-banner", "signup-copy"}

// output keeps what is written and calls first at the first write, and said at each that has until in it.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first func()
	until string
	said  func()
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() == 0 && o.first != nil {
		o.first()
	}
	if o.said != nil && bytes.Contains(p, []byte(o.until)) {
		o.said()
	}
	return o.text.Write(p)
}

// demonstrate runs the command with d's hooks.
func demonstrate(ctx context.Context, d *demo, out *output, args ...string) ran {
	root := newRootCommand()
	if known, _, err := root.Find([]string{"demo"}); err == nil {
		root.RemoveCommand(known)
	}
	root.AddCommand(demoCommand(d))
	var errs bytes.Buffer
	code := execute(ctx, root, append([]string{"demo"}, args...), streams{&bytes.Buffer{}, out, &errs})
	return ran{code, out.text.String(), errs.String()}
}

// requireTotals checks that every line is a total and that the last ones are those of all experiments, closed.
func requireTotals(t *testing.T, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	records := make([]*result.Record, len(lines))
	for i, line := range lines {
		require.NoError(t, result.Codec.Parse([]byte(line), &records[i]), line)
		require.Equal(t, result.Total, records[i].Grain)
	}
	require.Greater(t, len(records), len(demoNames), "only the last totals")
	for i, rec := range records[len(records)-len(demoNames):] {
		require.Equal(t, demoNames[i], rec.Experiment)
		require.True(t, rec.Closed, rec.Experiment)
	}
}

// TestDemo has the process to itself: the first record must not take long.
func TestDemo(t *testing.T) {
	began, first := time.Now(), time.Duration(0)
	out := &output{first: func() { first = time.Since(began) }}
	got := demonstrate(t.Context(), &demo{settled: func(k *stack) {
		report, err := k.verify(t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, report.Hashes, 2*len(demoNames), "a total and a window of each experiment")
		require.GreaterOrEqual(t, report.Compared, 2*report.Hashes)
		requireHash(t, k)
	}}, out, "--for", "2s", "--rate", "1000", "-o", "json")
	require.Equal(t, exitOK, got.code, got.err)
	require.Less(t, first, slower*3*time.Second, "the first record")
	requireTotals(t, got.out)
	require.Regexp(t, verdictLine, got.err)
}

// requireHash checks that the hash of an experiment has the fields that pages read.
func requireHash(t *testing.T, k *stack) {
	t.Helper()
	fields, err := k.Redis.HGetAll(t.Context(), "ab:stats:{checkout-button}").Result()
	require.NoError(t, err)
	for _, name := range []string{
		"units.control", "units.treatment", "control.purchase.mean", "treatment.revenue.mean", "treatment.revenue.relative",
		"treatment.revenue.verdict", "split.verdict", "as_of", "config_version", "_offset",
	} {
		require.NotEmpty(t, fields[name], "%s in %v", name, fields)
	}
	names, err := k.Redis.SMembers(t.Context(), "ab:experiments").Result()
	require.NoError(t, err)
	require.ElementsMatch(t, demoNames, names)
}

// TestDemoStopsHarm: the harmful experiment alone is stopped while one looks, with its evidence; what its units do after the end is
// ignored, and the log says the same.
func TestDemoStopsHarm(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithTimeout(t.Context(), time.Minute)
	defer interrupt()
	out, entries := &output{until: " after its end ignored", said: interrupt}, []*experiment.Entry{}
	got := demonstrate(ctx, &demo{settled: func(k *stack) {
		require.NoError(t, registry.WithView(t.Context(), registry.Config{Brokers: k.Brokers}, func(_ context.Context, v *registry.View) error {
			entries = v.Entries()
			return nil
		}))
		requireKnown(t, k)
	}}, out, "--rate", "1000")
	require.Equal(t, exitOK, got.code, got.err)
	require.Regexp(t, verdictLine, got.out)
	final := got.out[strings.LastIndex(got.out, " experiments · "):]
	require.Regexp(t, `\nheavy-banner  split ok  .* after its end ignored\n  stopped: With treatment, errors is \d+ % higher than with control, and that is`+
		`.*\n  p \S+, at most alpha 0.01, at the close of \S+: \S+ % of \S+ units, \S+ % of \S+ units in control\n`, final)
	require.Equal(t, 1, strings.Count(final, "stopped: "))
	require.Len(t, entries, len(demoNames))
	for _, e := range entries {
		want := []any{experiment.Running, 0}
		if e.Experiment == "heavy-banner" {
			want = []any{experiment.Stopped, 1}
		}
		require.Equal(t, want, []any{e.State, len(e.Decisions)}, e.Experiment)
	}
}

// requireKnown checks that the decision is what was known after it was published, and not before.
func requireKnown(t *testing.T, k *stack) {
	t.Helper()
	var published int64
	require.NoError(t, k.logs.Read(t.Context(), k.prefix+".decisions", func(rec *kgo.Record) { published = rec.Timestamp.UnixMilli() }))
	for at, want := range map[int64]int{published - 1: 0, published: 1, published + 1000: 1} {
		known, err := check.RunAt(t.Context(), check.Config{Prefix: k.prefix, Logs: k.logs, At: at})
		require.NoError(t, err)
		require.Len(t, known.Decisions, want)
		require.Empty(t, known.Differences)
	}
}

// TestDemoFindsADifference: a hash that says something else than the log is found, named, and the exit code tells.
func TestDemoFindsADifference(t *testing.T) {
	t.Parallel()
	out := &output{}
	got := demonstrate(t.Context(), &demo{settled: func(k *stack) {
		require.NoError(t, k.Redis.HSet(t.Context(), "ab:stats:{signup-copy}", "treatment.revenue.mean", "42").Err())
	}}, out, "--for", "1s", "--rate", "500")
	require.Equal(t, exitFailed, got.code)
	require.Regexp(t, `(?m)^verified: \d+ records, 1 difference\n\z`, got.out)
	require.Regexp(t, `abacus demo: .*ab:stats:\{signup-copy\} treatment.revenue.mean: the log says \d+\.\d+, found 42\n\z`, got.err)
	for _, name := range demoNames {
		require.Contains(t, got.out, "\n"+name+"  split ok  ")
	}
	require.NotContains(t, got.out, "\x1b", "no terminal, no escapes")
	require.NotContains(t, got.out, "1970")
}

// TestDemoSurvivesFlushAll: what Redis loses is written again, in the middle of the input and when all is quiet.
func TestDemoSurvivesFlushAll(t *testing.T) {
	t.Parallel()
	var flushed sync.WaitGroup
	there := func(k *stack, want int64) func() bool {
		return func() bool {
			n, err := k.Redis.Exists(t.Context(), "ab:stats:{checkout-button}", "ab:stats:{heavy-banner}", "ab:stats:{signup-copy}").Result()
			return err == nil && n == want
		}
	}
	before := 0
	got := demonstrate(t.Context(), &demo{
		opened: func(k *stack) {
			flushed.Go(func() {
				if poll(10*time.Second, there(k, 3)) {
					k.FlushRedis()
					before++
				}
			})
		},
		settled: func(k *stack) {
			flushed.Wait()
			k.FlushRedis()
			require.True(t, there(k, 0)())
			require.True(t, poll(10*time.Second, there(k, 3)), "the hashes have not come again")
			require.Equal(t, 1, before)
		},
	}, &output{}, "--for", "2s", "--rate", "500", "-o", "json")
	require.Equal(t, exitOK, got.code, got.err)
	require.Regexp(t, verdictLine, got.err)
}

// poll waits until ok, at most so long.
func poll(most time.Duration, ok func() bool) bool {
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return false
}

// TestDemoInterrupted: Ctrl-C ends the input, and what has begun is finished and verified. At the first total some
// experiments have no unit yet: nothing is waited for.
func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out := &output{first: interrupt}
	got := demonstrate(ctx, &demo{}, out, "--rate", "5", "-o", "json")
	require.Equal(t, exitOK, got.code, got.err)
	require.Regexp(t, verdictLine, got.err)
	var last *result.Record
	lines := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
	require.NoError(t, result.Codec.Parse([]byte(lines[len(lines)-1]), &last))
	require.True(t, last.Closed)
}

func TestDemoFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"--for -1s: want 0":             {"--for", "-1s"},
		"--rate 0: want more than 0":    {"--rate", "0"},
		"--rate 2e+06: want more":       {"--rate", "2e6"},
		`-o "xml": want text or json`:   {"-o", "xml"},
		`takes no arguments, got "now"`: {"now"},
	} {
		got := demonstrate(t.Context(), &demo{}, &output{}, args...)
		require.Equal(t, exitUsage, got.code, args)
		require.Contains(t, got.err, want)
		require.Empty(t, got.out)
	}
}
