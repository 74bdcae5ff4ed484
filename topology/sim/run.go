package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/abacus-stream/abacus/topology"
)

// Run simulates and reports. Each anomaly is an error of the test, with the history of the run in its log.
func Run(t *testing.T, cfg Config) Report {
	t.Helper()
	cfg.defaults()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	report, story := simulate(t, &cfg)
	for _, a := range report.Anomalies {
		t.Error(a)
	}
	if len(report.Anomalies) > 0 {
		t.Log(story)
	}
	return report
}

// simulate is Run without a verdict.
func simulate(t *testing.T, cfg *Config) (Report, string) {
	t.Helper()
	t.Logf("sim: seed %d", cfg.Seed)
	began := time.Now()
	w := newWorld(cfg, cfg.build(t))
	synctest.Test(t, func(t *testing.T) { w.run(t) })
	w.over = true
	if len(w.report.Anomalies) < enough {
		w.hopeless = make(chan struct{})
		w.judge(t)
	}
	w.report.Real = time.Since(began)
	return w.report, w.history.String()
}

// build makes the topology of the run.
func (c *Config) build(t *testing.T) *topology.Topology {
	t.Helper()
	var b topology.Builder
	c.Topology(&b)
	topo, err := b.Build(c.App)
	if err != nil {
		t.Fatal(err)
	}
	return topo
}
