package pipeline

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

// While events keep coming, a second process joins and takes tasks over, the first one leaves, comes
// back to its directory, and the second one leaves: nothing is lost, nothing counts twice.
func TestTwoProcessesShareAndTakeOverUnderLoad(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p := k.pipeline(t, setup{partitions: 6})
		p.register(button, wording, ranker)
		first, second := t.TempDir(), t.TempDir()
		load := p.load(newTraffic(3, 300, minutesAgo(8), 2), 4000)
		defer load.stop()
		a := p.start(worker.Config{StateDir: first})
		working(t, a)
		b := p.start(worker.Config{StateDir: second})
		working(t, b)
		working(t, a)
		require.NoError(t, a.stop())
		working(t, b)
		a = p.start(worker.Config{StateDir: first, Workers: 2})
		working(t, a)
		require.NoError(t, b.stop())
		working(t, a)
		load.stop()
		p.finish(a)
		require.Greater(t, len(p.read(p.events())), 2000, "the load was none")
	})
}

// working waits for a few more commits of a process.
func working(t *testing.T, x *process) {
	t.Helper()
	from := x.commits.Load()
	eventually(t, "the process commits", func() bool { return x.commits.Load() >= from+5 })
}

// load produces events steadily until it is stopped.
type load struct {
	once sync.Once
	quit chan struct{}
	done chan struct{}
}

func (p *pipeline) load(f *traffic, perSecond int) *load {
	l := &load{quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-l.quit:
				return
			case <-tick.C:
				p.send(f.next(perSecond / 200)...)
			}
		}
	}()
	return l
}

func (l *load) stop() {
	l.once.Do(func() { close(l.quit) })
	<-l.done
}
