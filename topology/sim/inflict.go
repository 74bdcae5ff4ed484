package sim

import (
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// inflict carries a fault out, mends it when its time is over, and counts it if it had an effect.
func (w *world) inflict(f *fault) {
	w.history.note(f.String())
	i := w.instances[f.on]
	hit := true
	switch f.kind {
	case Kill, Wipe:
		if hit = i.kill(f.kind == Wipe); hit {
			w.back(i, f.lasts)
		}
	case Stop:
		if hit = i.stop(); hit {
			w.back(i, f.lasts)
		}
	case KillCommit, Crash:
		hit = w.trap(i, f)
	case Cut, Away, Stall:
		hit = i.disturb(f)
	case Lost:
		hit = w.loseAnswers(i, f)
	case Refuse:
		hit = w.refuse(f)
	case Leader:
		w.moveLeaders(f)
	case Coordinator:
		w.kafka.RehashCoordinators()
	}
	w.count(f.kind, hit)
}

// back starts an instance again after a while.
func (w *world) back(i *instance, after time.Duration) {
	time.Sleep(after)
	if err := i.start(); err != nil {
		w.anomaly("%v", err)
	}
}

// trap waits for a commit of an instance and ends its session there, or its life.
func (w *world) trap(i *instance, f *fault) bool {
	l := i.present()
	if l == nil {
		return false
	}
	t := &trap{step: f.step, kill: f.kind == KillCommit, sprung: make(chan struct{})}
	l.set(t)
	select {
	case <-t.sprung:
	case <-l.done:
		return false
	case <-time.After(patience):
		l.set(nil)
		return false
	}
	if t.kill {
		w.back(i, f.lasts)
	}
	return true
}

// disturb interferes with the connections of an instance.
func (i *instance) disturb(f *fault) bool {
	l := i.present()
	if l == nil {
		return false
	}
	switch f.kind {
	case Cut:
		return l.link.cut() > 0
	case Stall:
		l.link.stall(f.lasts)
		time.Sleep(f.lasts)
	case Away:
		l.link.reach(false)
		time.Sleep(f.lasts)
		if l == i.present() {
			l.link.reach(true)
		}
	}
	return true
}

// loseAnswers drops answers to an instance for a while.
func (w *world) loseAnswers(i *instance, f *fault) bool {
	l := i.present()
	if l == nil {
		return false
	}
	lost := &loss{key: int16(f.key), left: f.count, silent: f.silent}
	l.link.lose(lost)
	time.Sleep(f.lasts)
	return l.link.end(lost) > 0
}

// refuse answers requests by an error, but those of the simulation's own producer.
func (w *world) refuse(f *fault) bool {
	h := w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{f.key}, Err: f.err, Count: f.count, When: func(req kmsg.Request) bool {
		produce, ok := req.(*kmsg.ProduceRequest)
		return !ok || produce.TransactionID != nil
	}})
	time.Sleep(f.lasts)
	h.Remove()
	return h.Hits() > 0
}

// moveLeaders gives some partitions of the app other leaders.
func (w *world) moveLeaders(f *fault) {
	rng := rand.New(rand.NewPCG(f.dice, 0))
	for range f.count {
		topic := w.topics[rng.IntN(len(w.topics))]
		partitions := w.kafka.PartitionInfos(topic)
		if len(partitions) == 0 {
			continue // not created yet
		}
		partition, node := int32(rng.IntN(len(partitions))), int32(rng.IntN(w.cfg.Brokers))
		_ = w.kafka.MoveTopicPartition(topic, partition, node)
	}
}
