//go:build mutants

package mutants

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

// limit is how long one run of a check may take, its build included.
const limit = 5 * time.Minute

// Every seeded bug makes its checks fail, which pass without it.
func TestEverySeededBugIsCaught(t *testing.T) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nseeded bug\tcaught by\tin\tresult")
	clean := map[check]verdict{} // of checks without a bug
	for _, m := range all() {
		t.Run(m.bug, func(t *testing.T) {
			for _, c := range m.checks {
				result := m.result(t, c, clean)
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", m.bug, c.test, c.pkg, result)
				if !strings.HasPrefix(result, "caught") {
					t.Errorf("%s %s", c.test, result)
				}
			}
		})
	}
	require.NoError(t, table.Flush())
}

// result says what a check says of a bug.
func (m *mutant) result(t *testing.T, c check, clean map[check]verdict) string {
	t.Helper()
	if clean[c] == "" {
		v, output := c.run(t, "")
		if clean[c] = v; v != passed {
			t.Log(output)
		}
	}
	if clean[c] != passed {
		return fmt.Sprintf("%s without the bug", clean[c])
	}
	return m.try(t, c)
}

// try runs a check with the bug, again while it passes, and says how that ended.
func (m *mutant) try(t *testing.T, c check) string {
	t.Helper()
	changed, err := m.sources()
	if err != nil {
		return err.Error()
	}
	seeded := overlay(t, changed)
	for n := 1; ; n++ {
		began := time.Now()
		v, output := c.run(t, seeded)
		took := time.Since(began).Round(100 * time.Millisecond)
		if v == passed && n < c.tries {
			continue
		}
		t.Log(output)
		switch {
		case v != failed:
			return fmt.Sprintf("SURVIVES: %s, %s", v, took)
		case n > 1:
			return fmt.Sprintf("caught at try %d, %s", n, took)
		}
		return fmt.Sprintf("caught, %s", took)
	}
}

// run runs a check once, with the overlay of a bug or with none.
func (c *check) run(t *testing.T, seeded string) (verdict, string) {
	t.Helper()
	pattern := "^" + c.test + "$"
	if c.sub != "" {
		pattern += "/^" + c.sub + "$"
	}
	args := []string{"test", "-count=1", "-v", "-timeout", (limit - time.Minute).String(), "-run", pattern}
	if seeded != "" {
		args = append(args, "-overlay", seeded)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	args = append(append(args, "./"+c.pkg), strings.Fields(c.flags)...)
	run := exec.CommandContext(ctx, "go", args...)
	run.Dir = root
	output, err := run.CombinedOutput()
	v := judge(string(output), c.test)
	if v != failed && err != nil {
		v = silent
	}
	return v, string(output[max(0, len(output)-4000):])
}

// overlay writes changed files beside the module and gives the file that the go command takes by -overlay.
func overlay(t testing.TB, changed map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for name, text := range changed {
		original, err := filepath.Abs(filepath.Join(root, name))
		require.NoError(t, err)
		replace[original] = filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		require.NoError(t, os.WriteFile(replace[original], []byte(text), 0o644))
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	path := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(path, list, 0o644))
	return path
}
