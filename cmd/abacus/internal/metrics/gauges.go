package metrics

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/abacus-stream/abacus/topology/worker"
)

// gauges is what the workers last reported, and what follows from it at the time of the scrape. What is no longer there, such
// as a task that another process has, is no longer shown.
type gauges struct{ m *Metrics }

var (
	appDisk    = describe("abacus_state_disk_bytes", "Files of the local stores.", "app")
	rebalances = counter("abacus_rebalances_total", "Assignments of tasks that a worker has taken.", "app", "worker")
	tasks      = describe("abacus_tasks", "Tasks of this process.", "app", "state")

	heldBack = describe("abacus_source_held_back", "1; names a source that waits for the readers of a repartition topic.", "app", "topic")

	streamTime = describe("abacus_task_stream_time_seconds", "Stream time of a task, as Unix time.", "app", "sub", "task")
	idle       = describe("abacus_task_idle", "1 if a task has told the tasks behind it that it is idle.", "app", "sub", "task")
	lateness   = describe("abacus_watermark_lag_seconds", "Wall time less the watermark that a task sends, or of one that sends none reflects. It grows while there is no input.", "app", "sub", "task")
	heldBy     = describe("abacus_watermark_held_by", "1; by names the task upstream whose watermark holds this one back.", "app", "sub", "task", "by")

	lag    = describe("abacus_consumer_lag_records", "Offsets between what a task has processed and the end of its partition.", "app", "topic", "partition")
	queued = describe("abacus_queued_records", "Records fetched and not processed.", "app", "topic", "partition")

	cacheBytes     = describe("abacus_cache_bytes", "Memory of the hot rows of a task.", "app", "sub", "task")
	cacheRows      = describe("abacus_cache_rows", "Hot rows of a task.", "app", "sub", "task")
	cacheDirty     = describe("abacus_cache_dirty_bytes", "Rows of a task changed since the last commit.", "app", "sub", "task")
	cacheHits      = counter("abacus_cache_hits_total", "Rows found hot since a task began here.", "app", "sub", "task")
	cacheMisses    = counter("abacus_cache_misses_total", "Rows read from the local store since a task began here.", "app", "sub", "task")
	cacheEvictions = counter("abacus_cache_evictions_total", "Rows that made room since a task began here.", "app", "sub", "task")

	standbyLag     = describe("abacus_standby_lag_records", "Changelog offsets that the standby of a task of another process lacks.", "app", "sub", "task")
	standbyRecords = counter("abacus_standby_records_total", "Changelog records applied by a standby since it began here.", "app", "sub", "task")

	waiting = describe("abacus_mirror_waiting_experiments", "Experiments that Redis has yet to be told of.", "partition")
)

// desc is the description of a metric that is made when it is gathered.
type desc struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

func describe(name, help string, labels ...string) desc {
	return desc{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) desc {
	return desc{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []desc{
		appDisk, rebalances, tasks, heldBack, streamTime, idle, lateness, heldBy, lag, queued,
		cacheBytes, cacheRows, cacheDirty, cacheHits, cacheMisses, cacheEvictions, waiting, standbyLag, standbyRecords,
	} {
		ch <- d.Desc
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	m := g.m
	m.mu.Lock()
	defer m.mu.Unlock()
	s := scrape{ch: ch, now: float64(time.Now().UnixMilli()) / 1000, ends: m.mu.ends, waiting: m.mu.waiting}
	running, restoring, standing := map[string]int{}, map[string]int{}, map[string]int{}
	for at, r := range m.mu.reports {
		s.put(rebalances, float64(r.Rebalances), at.app, at.name)
		for _, topic := range r.HeldBack {
			s.put(heldBack, 1, at.app, topic)
		}
		running[at.app] += len(r.Running)
		restoring[at.app] += len(r.Restoring)
		for i := range r.Running {
			s.task(at.app, &r.Running[i])
		}
		standing[at.app] += len(r.Standbys)
		for _, b := range r.Standbys {
			s.standby(at.app, b)
		}
	}
	for app := range running {
		s.put(tasks, float64(running[app]), app, "running")
		s.put(tasks, float64(restoring[app]), app, "restoring")
		s.put(tasks, float64(standing[app]), app, "standby")
	}
	for app, bytes := range m.mu.disk {
		s.put(appDisk, float64(bytes), app)
	}
}

// scrape is one gathering.
type scrape struct {
	ch   chan<- prometheus.Metric
	now  float64 // Unix seconds
	ends map[partition]int64

	waiting map[int32]int // by partition of the stats topic
}

// mirrored is the sub-topology whose tasks write Redis.
const mirrored = "mirror"

func (s *scrape) put(d desc, value float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(d.Desc, d.kind, value, labels...)
}

func (s *scrape) task(app string, t *worker.TaskReport) {
	labels := []string{app, t.Sub, t.ID.String()}
	s.time(t, labels)
	s.put(cacheBytes, float64(t.Cache.Bytes), labels...)
	s.put(cacheRows, float64(t.Cache.Rows), labels...)
	s.put(cacheDirty, float64(t.Cache.DirtyBytes), labels...)
	s.put(cacheHits, float64(t.Cache.Hits), labels...)
	s.put(cacheMisses, float64(t.Cache.Misses), labels...)
	s.put(cacheEvictions, float64(t.Cache.Evictions), labels...)
	if n, known := s.waiting[t.ID.Partition]; known && t.Sub == mirrored {
		s.put(waiting, float64(n), fmt.Sprint(t.ID.Partition))
	}
	for _, in := range t.Inputs {
		at := []string{app, in.Topic, fmt.Sprint(t.ID.Partition)}
		s.put(queued, float64(in.Queued), at...)
		if end, known := s.ends[partition{in.Topic, t.ID.Partition}]; known {
			s.put(lag, float64(max(end-in.Position, 0)), at...)
		}
	}
}

func (s *scrape) standby(app string, b worker.StandbyReport) {
	s.put(standbyRecords, float64(b.Records), app, b.Sub, b.ID.String())
	if b.Lag >= 0 {
		s.put(standbyLag, float64(b.Lag), app, b.Sub, b.ID.String())
	}
}

func (s *scrape) time(t *worker.TaskReport, labels []string) {
	if t.StreamTime > math.MinInt64 {
		s.put(streamTime, float64(t.StreamTime)/1000, labels...)
	}
	reached := t.Watermark
	if reached == math.MinInt64 {
		reached = t.StreamTime
	}
	if reached > math.MinInt64 {
		s.put(lateness, s.now-float64(reached)/1000, labels...)
	}
	value := 0.0
	if t.Idle {
		value = 1
	}
	s.put(idle, value, labels...)
	if t.Held {
		s.put(heldBy, 1, append(labels, t.HeldBy.String())...)
	}
}
