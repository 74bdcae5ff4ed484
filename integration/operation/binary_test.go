package operation

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
)

func TestMain(m *testing.M) { services.Main(m) }

// built is the binary, made for the first test that asks.
var built struct {
	sync.Mutex
	path string
}

func binary(t testing.TB) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.path != "" {
		return built.path
	}
	dir, err := os.MkdirTemp("", "abacus-operation-")
	require.NoError(t, err)
	services.AtEnd(t, func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "abacus")
	out, err := exec.Command("go", "build", "-o", path, "github.com/abacus-stream/abacus/cmd/abacus").CombinedOutput()
	require.NoError(t, err, "%s", out)
	built.path = path
	return path
}

// command is a command line of the binary in an empty folder, without the settings of whoever runs the test.
func command(ctx context.Context, t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary(t), args...)
	cmd.Dir = t.TempDir()
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "ABACUS_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	return cmd
}

// answer is what came of a command that has ended.
type answer struct {
	code     int
	out, err string
}

// do runs a command to its end.
func do(t testing.TB, args ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := command(ctx, t, args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		require.NoError(t, err, "abacus %s: %s%s", strings.Join(args, " "), out.String(), stderr.String())
	}
	return answer{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
}
