package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology/worker"
)

// instance is a process of the app under a name and with a disk of its own; it has one life at a time.
type instance struct {
	w    *world
	name string
	mu   struct {
		sync.Mutex
		rows *memory.DB // its disk
		life *life      // nil while it is down
	}
	left []*memory.DB // what it was left with each time it was killed; guarded by mu
}

// life is one run of an instance's app. A life that was killed goes on for a while, as a zombie whom
// no broker hears and whose disk is a copy: nothing of it is seen.
type life struct {
	of     *instance
	link   *link
	cancel context.CancelFunc
	done   chan struct{}
	mu     struct {
		sync.Mutex
		trap *trap
		over bool // it was killed or told to stop
	}
}

// trap waits for a step of a commit.
type trap struct {
	step   worker.Step
	kill   bool // the process, not just the session
	sprung chan struct{}
}

var errCrash = errors.New("a crash of the simulation")

// start begins a life, unless there is one.
func (i *instance) start() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.mu.life != nil {
		return nil
	}
	l := &life{of: i, link: i.w.net.link(), done: make(chan struct{})}
	cfg := i.w.cfg.Worker
	cfg.Brokers, cfg.Instance, cfg.Memory, cfg.Rows = i.w.brokers, i.name, true, i.mu.rows
	cfg.Dial, cfg.Logger = l.link.dial, i.w.history.logger(l)
	cfg.Hooks.Step = l.step
	committed := cfg.Hooks.Committed
	cfg.Hooks.Committed = func(worker, records int, took time.Duration) {
		i.w.commits.Add(1)
		if committed != nil {
			committed(worker, records, took)
		}
	}
	app, err := worker.New(i.w.topo, cfg)
	if err != nil {
		return fmt.Errorf("sim: instance %s: %w", i.name, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel, i.mu.life = cancel, l
	i.w.lives.Go(func() {
		defer close(l.done)
		defer cancel()
		i.ended(l, app.Run(ctx))
	})
	return nil
}

// ended is the end of a life. One that nobody has asked for is an anomaly, and the instance is started again.
func (i *instance) ended(l *life, err error) {
	l.link.reach(false)
	if l.ending() {
		return
	}
	i.w.anomaly("instance %s stopped by itself: %v", i.name, err)
	i.mu.Lock()
	if i.mu.life == l {
		i.mu.life = nil
	}
	i.mu.Unlock()
	if !i.w.wait(time.Second) {
		return
	}
	if err := i.start(); err != nil {
		i.w.anomaly("%v", err)
	}
}

// take ends the present life for its instance, nil if there is none.
func (i *instance) take() *life {
	i.mu.Lock()
	defer i.mu.Unlock()
	l := i.mu.life
	if l == nil {
		return nil
	}
	i.mu.life = nil
	l.mu.Lock()
	l.mu.over = true
	l.mu.Unlock()
	return l
}

// kill ends the present life as kill -9 does: what it had sent may be carried out, nothing else is.
// The disk is left as it is at this moment, or wiped.
func (i *instance) kill(wipe bool) bool {
	l := i.take()
	if l == nil {
		return false
	}
	l.link.reach(false)
	i.mu.Lock()
	if wipe {
		i.mu.rows = memory.New()
	} else {
		i.mu.rows = i.mu.rows.Copy()
		i.left = append(i.left, i.mu.rows.Copy())
	}
	i.mu.Unlock()
	l.cancel()
	return true
}

// stop has the present life commit, leave and end, and waits for it.
func (i *instance) stop() bool {
	l := i.take()
	if l == nil {
		return false
	}
	l.cancel()
	<-l.done
	return true
}

// present is the life that there is, nil for none.
func (i *instance) present() *life {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.mu.life
}

// disk is what the instance has kept.
func (i *instance) disk() *memory.DB {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.mu.rows
}

// set lays a trap; one that lies there gives way.
func (l *life) set(t *trap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.trap = t
}

// step runs on a worker's goroutine after each step of a commit.
func (l *life) step(_ int, at worker.Step) error {
	l.mu.Lock()
	t := l.mu.trap
	if t == nil || t.step != at {
		l.mu.Unlock()
		return nil
	}
	l.mu.trap = nil
	l.mu.Unlock()
	if t.kill {
		l.of.kill(false)
	}
	close(t.sprung)
	return errCrash
}

// ending says that the life was killed or told to stop.
func (l *life) ending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.over
}
