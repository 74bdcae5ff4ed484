// Package metrics shows Prometheus what the apps of this process do. It listens to the hooks of their workers, which are
// called once a commit or once a second, never once a record, and gathers the rest when it is scraped.
package metrics

import (
	"runtime"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"

	"github.com/abacus-stream/abacus/topology/worker"
)

// Metrics is the metrics of a process. Safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	counters counters

	mu struct {
		sync.Mutex
		reports map[place]worker.Report
		disk    map[string]int64               // by app
		ends    map[partition]int64            // of source topics, as last listed
		clients map[place]*prometheus.Registry // of the clients of Kafka that are open
		waiting map[int32]int                  // experiments that Redis has yet to be told of, by partition
	}
}

// place is a worker, or a client, of an app.
type place struct{ app, name string }

type partition struct {
	topic  string
	number int32
}

// New is the metrics of a program of a release and a commit. Those of an app come with its hooks.
func New(release, commit string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.mu.reports, m.mu.disk, m.mu.ends = map[place]worker.Report{}, map[string]int64{}, map[partition]int64{}
	m.mu.clients, m.mu.waiting = map[place]*prometheus.Registry{}, map[int32]int{}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "abacus_build_info", Help: "1; the labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": release, "commit": commit, "go": runtime.Version()},
	})
	build.Set(1)
	m.counters = newCounters(m.registry)
	m.registry.MustRegister(build, &gauges{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Gather implements prometheus.Gatherer. The clients have registries of their own: they come and go with the sessions.
func (m *Metrics) Gather() ([]*dto.MetricFamily, error) {
	all := prometheus.Gatherers{m.registry}
	m.mu.Lock()
	for _, r := range m.mu.clients {
		all = append(all, r)
	}
	m.mu.Unlock()
	return all.Gather()
}

// Waiting takes how many experiments the mirror of a partition has yet to write.
func (m *Metrics) Waiting(partition int32, experiments int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.waiting[partition] = experiments
}
