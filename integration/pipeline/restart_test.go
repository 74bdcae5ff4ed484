package pipeline

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology/worker"
)

// interruption stops a process on a state directory while events come in, and starts another one.
type interruption struct {
	name string
	do   func(p *pipeline, x *process, dir string, events []input) *process
}

var interruptions = []interruption{
	{"none", func(p *pipeline, x *process, _ string, events []input) *process {
		p.send(events...)
		return x
	}},
	{"restart on the directory", func(p *pipeline, x *process, dir string, events []input) *process {
		p.send(events...)
		require.NoError(p.t, x.stop())
		return p.start(worker.Config{StateDir: dir})
	}},
	{"restart without the directory", func(p *pipeline, x *process, dir string, events []input) *process {
		p.send(events...)
		require.NoError(p.t, x.stop())
		require.NoError(p.t, os.RemoveAll(dir))
		return p.start(worker.Config{StateDir: dir})
	}},
	{"crash between the log and the engine", func(p *pipeline, x *process, dir string, events []input) *process {
		require.NoError(p.t, x.stop())
		p.send(events...)
		p.crashBehindTheLog(dir)
		return p.start(worker.Config{StateDir: dir})
	}},
}

// Whatever happens to the process, the last records are those of one that never stopped, byte for byte.
func TestRestartsGiveTheLastValuesOfAnUninterruptedRun(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		f := newTraffic(6, 100, minutesAgo(8), 40)
		parts := [][]input{f.next(1000), f.next(1000), f.next(1000)}
		runs := make([]map[string][]byte, len(interruptions))
		t.Run("runs", func(t *testing.T) {
			for i, way := range interruptions {
				t.Run(way.name, func(t *testing.T) {
					t.Parallel()
					p, dir := k.pipeline(t, setup{}), filepath.Join(t.TempDir(), "state")
					p.register(button, wording, ranker)
					x := p.start(worker.Config{StateDir: dir})
					for _, events := range parts {
						p.settle()
						x = way.do(p, x, dir, events)
					}
					p.finish(x)
					runs[i] = p.last(p.stats())
				})
			}
		})
		for i, run := range runs {
			require.Len(t, run, len(runs[0]), interruptions[i].name)
			for key, value := range runs[0] {
				require.Equal(t, string(value), string(run[key]), "%s: %s", interruptions[i].name, key)
			}
		}
	})
}

// crashBehindTheLog runs a process that dies when the transaction with the last events is committed
// and its stores do not have it yet.
func (p *pipeline) crashBehindTheLog(dir string) {
	p.t.Helper()
	dying, die := make(chan struct{}), make(chan struct{})
	var once sync.Once
	x := p.start(worker.Config{StateDir: dir, Hooks: worker.Hooks{Step: func(_ int, at worker.Step) error {
		if at != worker.Ended {
			return nil
		}
		p.stable() // a broker shows the offsets a little after EndTxn, and there may be no commit after this one
		if p.behind(p.events()) > 0 {
			return nil
		}
		once.Do(func() { close(dying) })
		<-die
		return errCrash
	}}})
	<-dying
	x.cancel()
	close(die)
	require.NoError(p.t, x.stop())
	require.NotZero(p.t, p.untold(dir), "the stores have everything: the test shows nothing")
}

// untold is how many rows the changelogs have that the stores of a stopped process have not.
func (p *pipeline) untold(dir string) (n int) {
	p.t.Helper()
	p.stores(dir, func(changelog string, partition int32, store state.Store) {
		checkpoint, _, err := store.Checkpoint()
		require.NoError(p.t, err)
		for _, r := range p.read(changelog) {
			if r.Partition == partition && r.Offset >= checkpoint.ChangelogOffset {
				n++
			}
		}
	})
	return n
}
