package metrics

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// spoken finds the metrics that a text speaks of.
var spoken = regexp.MustCompile(`\babacus_[a-z0-9_]+`)

// TestDeployments: every metric that an alert or a panel asks for is one that is served.
func TestDeployments(t *testing.T) {
	m := New("v1", "abc")
	h := m.Hooks("app")
	r := reported()
	r.Running[0].Sub = mirrored
	m.Waiting(taskOf.Partition, 0)
	h.Restored(r.Restoring[0], "units", 1, 1)
	h.Reported(r)
	m.mu.ends[partition{"deltas", 2}] = 100
	h.Committed(0, 1, time.Millisecond)
	h.Processed("units", 1)
	h.Counted("dead_letters.bad_ts", 1)
	for _, n := range named {
		h.Counted(n.name, 1)
	}
	families, err := m.Gather()
	require.NoError(t, err)
	served := map[string]bool{}
	for _, f := range families {
		for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
			if suffix == "" || f.GetMetric()[0].Histogram != nil {
				served[f.GetName()+suffix] = true
			}
		}
	}
	folder := filepath.Join("..", "..", "..", "..", "deployments")
	for _, file := range []string{"prometheus/alerts.yml", "grafana/abacus.json"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		names := spoken.FindAllString(string(text), -1)
		require.NotEmpty(t, names)
		for _, name := range names {
			require.True(t, served[name], "%s asks for %s", file, name)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, "grafana/abacus.json"))
	require.NoError(t, err)
	require.True(t, json.Valid(text))
}
