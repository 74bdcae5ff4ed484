package sim

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// rebalanceAtMost is longer than members may take to join again, which is 30 s.
const rebalanceAtMost = 45 * time.Second

// keepBarriers helps kfake out. It miscounts who has joined once a static member comes back whose
// SyncGroup was still to be answered: the group then waits for its rebalance timer, which each further join
// sets anew, where Kafka's runs from the beginning. While nobody can join, the timer runs out.
func (w *world) keepBarriers() {
	var since time.Time
	for w.wait(time.Second) && !w.stopping.Load() {
		if info := w.kafka.GroupInfo(w.topo.App); info == nil || info.State != "PreparingRebalance" {
			since = time.Time{}
			continue
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) < rebalanceAtMost {
			continue
		}
		w.history.note(clockOf(w.now()) + " kfake has lost count of who has joined: nobody may for a while")
		h := w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Group: w.topo.App, Err: kerr.CoordinatorLoadInProgress, Count: -1})
		w.wait(35 * time.Second)
		h.Remove()
		since = time.Time{}
		w.mu.Lock()
		w.report.Barriers++
		w.mu.Unlock()
	}
}
