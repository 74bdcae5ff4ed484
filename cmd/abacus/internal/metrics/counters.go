package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// counters are what is counted as it happens, by app.
type counters struct {
	processed, deadLetters, other *prometheus.CounterVec
	committed, failures, restored *prometheus.CounterVec
	took                          *prometheus.HistogramVec
	remaining                     *prometheus.GaugeVec
	named                         map[string]*prometheus.CounterVec
}

// named are the counters that tasks keep by a name of their own.
var named = []struct{ name, metric, help string }{
	{"late_total", "abacus_late_records_total", "Records that came too late for any figure; they are in the late topic."},
	{"duplicates", "abacus_duplicate_events_total", "Events whose id was known with the same content; they count once."},
	{"conflicts", "abacus_conflicting_events_total", "Events whose id was known with another content; the first counts."},
	{"rerouted", "abacus_rerouted_events_total", "Events that lay in another partition than their unit's."},
	{"retracted", "abacus_retracted_events_total", "Metric events that a retraction has taken back."},
	{"waiting", "abacus_waiting_events_total", "Events that had to wait for their experiment to be known."},
	{"refused_in_state", "abacus_refused_events_total", "Events that would have pushed a unit's total out of range."},
	{"cells_pending_deltas", "abacus_pending_deltas_total", "Deltas that had to wait for their run to be known."},
	{"cells_superseded_deltas", "abacus_superseded_deltas_total", "Deltas of a run before the present one; they are left out."},
	{"cells_expired_panes", "abacus_expired_panes_total", "Changes of windows past their retention; only totals have them."},
	{"cells_registry_faults", "abacus_registry_faults_total", "Rows of the registry table that nobody could read."},
	{"redis_hashes", "abacus_mirror_hashes_total", "Redis hashes written or removed."},
	{"redis_newer", "abacus_mirror_newer_hashes_total", "Redis hashes left alone because Redis was further."},
	{"redis_errors", "abacus_mirror_redis_errors_total", "Calls of Redis that failed; what they held is written again."},
	{"redis_lost", "abacus_mirror_redis_lost_total", "Times that Redis had lost what was written, and got all of it anew."},
}

// deadLetter is what the names of dead letters by reason begin with; total counts them all.
const deadLetter, total = "dead_letters.", "dead_letters_total"

func newCounters(r *prometheus.Registry) counters {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"app"}, labels...))
		r.MustRegister(v)
		return v
	}
	c := counters{
		processed:   vec("abacus_records_processed_total", "Records processed and committed, by sub-topology.", "sub"),
		deadLetters: vec("abacus_dead_letters_total", "Records put into the dead-letter topic, by reason.", "reason"),
		other:       vec("abacus_events_total", "What else the tasks have counted, by their own name for it.", "event"),
		committed:   vec("abacus_commit_records_total", "Records written by commits: outputs, changelogs, positions."),
		failures:    vec("abacus_session_failures_total", "Sessions of workers that ended in an error; each is followed by another."),
		restored:    vec("abacus_restored_records_total", "Changelog records replayed into stores."),
		named:       map[string]*prometheus.CounterVec{},
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "abacus_commit_duration_seconds", Help: "Time of a commit from its flush to the local store.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"app"}),
		remaining: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "abacus_restore_remaining_records", Help: "Offsets of a changelog still to be replayed before a task can run.",
		}, []string{"app", "task", "store"}),
	}
	r.MustRegister(c.took, c.remaining)
	for _, n := range named {
		c.named[n.name] = vec(n.metric, n.help)
	}
	return c
}

// count takes a counter of a task over.
func (c *counters) count(app, name string, n int64) {
	if reason, ok := strings.CutPrefix(name, deadLetter); ok {
		c.deadLetters.WithLabelValues(app, reason).Add(float64(n))
		return
	}
	if v, ok := c.named[name]; ok {
		v.WithLabelValues(app).Add(float64(n))
	} else if name != total {
		c.other.WithLabelValues(app, name).Add(float64(n))
	}
}

// begin shows the counters of an app at 0: what has not happened yet is not the same as what nobody looks at.
func (c *counters) begin(app string) {
	for _, v := range []*prometheus.CounterVec{c.committed, c.failures, c.restored} {
		v.WithLabelValues(app)
	}
	c.took.WithLabelValues(app)
}
