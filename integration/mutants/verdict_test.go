package mutants

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// verdict is what one run of a check says.
type verdict string

const (
	passed verdict = "passed"
	failed verdict = "failed"
	// silent is a run without a verdict of the check: it did not compile, was skipped, or took too long.
	silent verdict = "no verdict"
)

// judge reads the output of go test -v for one test at the top of its package.
func judge(output, test string) verdict {
	if strings.Contains(output, "panic: test timed out") {
		return silent
	}
	for line := range strings.Lines(output) {
		switch {
		case strings.HasPrefix(line, fmt.Sprintf("--- FAIL: %s (", test)):
			return failed
		case strings.HasPrefix(line, fmt.Sprintf("--- PASS: %s (", test)):
			return passed
		}
	}
	return silent
}

// Only a failure of the check itself is one: not a build that fails, nor another test, nor a timeout.
func TestOnlyTheCheckItselfHasAVerdict(t *testing.T) {
	for output, want := range map[string]verdict{
		"=== RUN   TestA\n--- PASS: TestA (0.10s)\nPASS\nok  \tpkg\t0.1s\n":                          passed,
		"=== RUN   TestA\n    a_test.go:1: no\n--- FAIL: TestA (0.10s)\nFAIL\n":                      failed,
		"--- FAIL: TestA (0.10s)\npanic: boom [recovered]\nFAIL\tpkg\t0.1s\n":                        failed,
		"--- FAIL: TestA (3.00s)\npanic: test timed out after 3s\nFAIL\tpkg\t3.0s\n":                 silent,
		"--- FAIL: TestAB (0.10s)\n    --- FAIL: TestA (0.10s)\nFAIL\n":                              silent,
		"--- SKIP: TestA (0.00s)\nPASS\nok  \tpkg\t0.1s\n":                                           silent,
		"# pkg\n./a.go:1:1: undefined: x\nFAIL\tpkg [build failed]\n":                                silent,
		"testing: warning: no tests to run\nPASS\nok  \tpkg\t0.1s [no tests to run]\n":               silent,
		"panic: boom\n\ngoroutine 7 [running]:\nFAIL\tpkg\t0.1s\n--- FAIL of something else\nFAIL\n": silent,
	} {
		require.Equal(t, want, judge(output, "TestA"), output)
	}
}
