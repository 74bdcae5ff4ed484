package sim

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
)

// world is one run: the brokers, the network, the instances and those who look on.
type world struct {
	cfg       *Config
	topo      *topology.Topology
	topics    []string // all that the app reads or writes, sorted
	net       network
	kafka     *kfake.Cluster
	brokers   []string
	client    *kgo.Client // of the producer and the looks, which no fault is meant for
	admin     *kadm.Client
	instances []*instance
	lives     sync.WaitGroup
	faults    sync.WaitGroup
	commits   atomic.Int64
	stopping  atomic.Bool
	began     time.Time
	over      bool          // the bubble is gone
	hopeless  chan struct{} // closed when there are anomalies enough
	history   history
	watch     *watch
	logs      logs                       // at the end
	offsets   kadm.OffsetResponses       // likewise
	ends      map[string]map[int32]int64 // likewise
	mu        sync.Mutex                 // of the report
	report    Report
}

// dawn is when a run begins.
var dawn = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld(cfg *Config, topo *topology.Topology) *world {
	w := &world{cfg: cfg, topo: topo, topics: topicsOf(topo), report: Report{Seed: cfg.Seed, Faults: map[Kind]int{}}}
	w.history.w = w
	return w
}

// run is the life of a world, in its bubble.
func (w *world) run(t *testing.T) {
	time.Sleep(time.Until(dawn)) // a bubble begins in 2000
	w.began, w.hopeless = time.Now(), make(chan struct{})
	if err := w.open(); err != nil {
		t.Fatal(err)
	}
	defer w.close()
	for _, f := range schedule(w.cfg) {
		w.faults.Go(func() {
			if w.wait(f.at) {
				w.inflict(&f)
			}
		})
	}
	w.faults.Go(w.lookForHanging)
	w.lives.Go(w.keepBarriers)
	w.produce()
	w.faults.Wait()
	w.settle()
	w.stopping.Store(true)
	w.report.Virtual = time.Since(w.began)
	for _, i := range w.instances {
		i.stop()
	}
	w.lives.Wait()
	w.collect()
	w.report.Commits = w.commits.Load()
}

// open starts brokers, topics, instances and the watch.
func (w *world) open() (err error) {
	ports := make([]int, w.cfg.Brokers)
	if w.kafka, err = kfake.NewCluster(kfake.NumBrokers(len(ports)), kfake.ListenFn(w.net.Listen)); err != nil {
		return fmt.Errorf("sim: kafka: %w", err)
	}
	w.brokers = w.kafka.ListenAddrs()
	for topic, n := range w.external() {
		if err := w.kafka.CreateTopic(topic, int32(n), nil); err != nil {
			return fmt.Errorf("sim: topic %s: %w", topic, err)
		}
	}
	if w.client, err = kgo.NewClient(w.options(kgo.RecordPartitioner(byKey()))...); err != nil {
		return fmt.Errorf("sim: client: %w", err)
	}
	w.admin = kadm.NewClient(w.client)
	if w.watch, err = w.startWatch(); err != nil {
		return err
	}
	for n := range w.cfg.Instances {
		i := &instance{w: w, name: fmt.Sprintf("i%d", n)}
		i.mu.rows = memory.New()
		w.instances = append(w.instances, i)
		if err := i.start(); err != nil {
			return err
		}
	}
	return nil
}

// options are those of a client of the simulation itself.
func (w *world) options(more ...kgo.Opt) []kgo.Opt {
	return append([]kgo.Opt{kgo.SeedBrokers(w.brokers...), kgo.Dialer(w.net.link().dial), kgo.MetadataMinAge(50 * time.Millisecond)}, more...)
}

func (w *world) close() {
	if w.watch != nil {
		w.watch.stop()
	}
	if w.client != nil {
		w.client.Close()
	}
	w.kafka.Close()
}

// settle waits until nothing is written any more.
func (w *world) settle() {
	deadline := time.Now().Add(w.cfg.Deadline)
	last, since := int64(-1), time.Now()
	for time.Since(since) < w.cfg.Settled {
		if end := w.written(); end != last || w.rebalances() {
			last, since = end, time.Now()
		}
		if !w.wait(time.Second) {
			return
		}
		if time.Now().After(deadline) {
			w.anomaly("records are still written, or the group rebalances, %s after the last fault", w.cfg.Deadline)
			return
		}
	}
}

// rebalances says that the group waits for members: nothing is written then, and nothing is over.
func (w *world) rebalances() bool {
	info := w.kafka.GroupInfo(w.topo.App)
	return info != nil && info.State != "Stable" && info.State != "Empty"
}

// written is the number of offsets given in all topics of the app.
func (w *world) written() (n int64) {
	for _, topic := range w.topics {
		for _, p := range w.kafka.PartitionInfos(topic) {
			n += p.HighWatermark
		}
	}
	return n
}

// now is the time of the run, its end when the bubble is gone.
func (w *world) now() time.Duration {
	if w.over {
		return w.report.Virtual
	}
	return time.Since(w.began)
}

func (w *world) anomaly(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.history.note(clockOf(w.now()) + " ANOMALY " + text)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.report.Anomalies = append(w.report.Anomalies, text); len(w.report.Anomalies) == enough {
		close(w.hopeless)
	}
}

// enough anomalies end a run: the app may be of no use any more, and nothing new is learnt.
const enough = 12

// wait lets time go by; false if the run has become hopeless.
func (w *world) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.hopeless:
		return false
	}
}

func (w *world) count(kind Kind, hit bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if hit {
		w.report.Faults[kind]++
	} else {
		w.report.Idle++
	}
}

// external are the topics that the app does not create, with their partitions.
func (w *world) external() map[string]int {
	topics := map[string]int{}
	for _, sub := range w.topo.Subs {
		for _, src := range sub.Sources {
			if !src.Repartition {
				topics[src.Topic] = w.cfg.partitions(src.Topic)
			}
		}
		for _, sink := range sub.Sinks {
			if !sink.Repartition {
				topics[sink.Topic] = w.cfg.partitions(sink.Topic)
			}
		}
	}
	for _, global := range w.topo.Globals {
		topics[global] = 1
	}
	return topics
}

// outputs are the topics that others read.
func outputs(topo *topology.Topology) []string {
	all := map[string]bool{}
	for _, sub := range topo.Subs {
		for _, sink := range sub.Sinks {
			if !sink.Repartition {
				all[sink.Topic] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// topicsOf are all topics of an app.
func topicsOf(topo *topology.Topology) []string {
	all := map[string]bool{topo.App + ".dlq": true, topo.App + ".late": true}
	for _, sub := range topo.Subs {
		for _, src := range sub.Sources {
			all[src.Topic] = true
		}
		for _, sink := range sub.Sinks {
			all[sink.Topic] = true
		}
		for _, store := range sub.Stores {
			all[sub.Changelog(store)] = true
		}
	}
	for _, global := range topo.Globals {
		all[global] = true
	}
	return slices.Sorted(maps.Keys(all))
}
