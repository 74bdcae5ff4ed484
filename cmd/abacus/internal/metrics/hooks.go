package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// Hooks has the workers of an app tell what they do.
func (m *Metrics) Hooks(app string) worker.Hooks {
	c := &m.counters
	c.begin(app)
	return worker.Hooks{
		Committed: func(_ int, records int, took time.Duration) {
			c.committed.WithLabelValues(app).Add(float64(records))
			c.took.WithLabelValues(app).Observe(took.Seconds())
		},
		Processed: func(sub string, records int64) { c.processed.WithLabelValues(app, sub).Add(float64(records)) },
		Counted:   func(name string, n int64) { c.count(app, name, n) },
		Reported:  func(r worker.Report) { m.report(app, r) },
		Restored: func(task topology.TaskID, store string, records int, left int64) {
			c.restored.WithLabelValues(app).Add(float64(records))
			c.remaining.WithLabelValues(app, task.String(), store).Set(float64(left))
		},
		Client: func(name string) []kgo.Hook { return []kgo.Hook{m.client(app, name)} },
	}
}

// report keeps the latest of each worker. A task that runs has nothing left to restore.
func (m *Metrics) report(app string, r worker.Report) {
	if r.Failed != nil {
		m.counters.failures.WithLabelValues(app).Inc()
	}
	for _, t := range r.Running {
		m.counters.remaining.DeletePartialMatch(prometheus.Labels{"app": app, "task": t.ID.String()})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.reports[place{app, r.Worker}] = r
	if r.DiskBytes > 0 {
		m.mu.disk[app] = r.DiskBytes
	}
}

// client is the metrics of a client that is about to be made: those of the one before it under the same name go.
func (m *Metrics) client(app, name string) *kprom.Metrics {
	r := prometheus.NewRegistry()
	m.mu.Lock()
	m.mu.clients[place{app, name}] = r
	m.mu.Unlock()
	return kprom.NewMetrics("abacus_kafka", kprom.Registerer(r), kprom.Gatherer(r),
		kprom.WithStaticLabel(prometheus.Labels{"app": app, "client": name}),
		kprom.FetchAndProduceDetail(kprom.ByTopic, kprom.Records, kprom.CompressedBytes, kprom.UncompressedBytes, kprom.ConsistentNaming),
		kprom.Histograms(kprom.RequestThrottled))
}
