package sim

import "time"

// openAtMost is how long a transaction may hold readers of committed records back: the broker gives
// one up after the app's 10 s, and looks a little later.
const openAtMost = 20 * time.Second

// stuck is a last stable offset that does not move.
type stuck struct {
	at    int64
	since time.Time
	told  bool
}

// lookForHanging watches the last stable offsets while there are faults.
func (w *world) lookForHanging() {
	stable := map[place]stuck{}
	for end := w.began.Add(w.cfg.Duration); time.Now().Before(end) && w.wait(time.Second); {
		for _, topic := range w.topics {
			for _, p := range w.kafka.PartitionInfos(topic) {
				at := place{topic, p.Partition}
				s := stable[at]
				if p.LastStableOffset == p.HighWatermark || p.LastStableOffset != s.at {
					s = stuck{at: p.LastStableOffset, since: time.Now()}
				} else if time.Since(s.since) > openAtMost && !s.told {
					s.told = true
					w.anomaly("%s/%d: a transaction from offset %d on has been open for %s", topic, p.Partition, s.at, openAtMost)
				}
				stable[at] = s
			}
		}
	}
}

// lookForOpen finds transactions that are open when all is over.
func (w *world) lookForOpen() {
	for _, topic := range w.topics {
		for _, p := range w.kafka.PartitionInfos(topic) {
			if p.LastStableOffset != p.HighWatermark {
				w.anomaly("%s/%d: a transaction from offset %d on is open at the end", topic, p.Partition, p.LastStableOffset)
			}
		}
	}
}
