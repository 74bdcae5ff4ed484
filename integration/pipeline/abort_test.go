package pipeline

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/pebble"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

var errCrash = errors.New("crash of the test")

// What a transaction that is aborted has written is nowhere: not in the state directory, and not
// before the eyes of a committed reader, neither while it is open nor after it. Then all of it counts once.
func TestAfterAnAbortedTransactionTheStateIsTheOneBefore(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		for _, step := range []worker.Step{worker.Produced, worker.Offered} {
			t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) {
				t.Parallel()
				p, dir, f := k.pipeline(t, setup{}), t.TempDir(), newTraffic(uint64(step), 50, minutesAgo(6), 40)
				p.register(button, wording, ranker)
				x := p.start(worker.Config{StateDir: dir})
				p.send(f.next(1500)...)
				p.settle()
				p.told()
				require.NoError(t, x.stop())
				rows := p.rows(dir)
				require.NotEmpty(t, rows)

				crash := &crash{p: p, at: step, ends: p.ends(p.written()...)}
				x = p.start(worker.Config{StateDir: dir, Hooks: worker.Hooks{Step: crash.step}})
				p.send(f.next(1500)...)
				eventually(t, "dead letters, deltas and rows are written and aborted", crash.wroteAll)
				require.NoError(t, x.stop())
				require.Zero(t, crash.leaks.Load(), "a committed reader sees something of an open transaction")
				require.Equal(t, crash.seen, p.seen(), "a committed reader sees something of an aborted transaction")
				require.Equal(t, rows, p.rows(dir), "the state has something of an aborted transaction")

				p.finish(p.start(worker.Config{StateDir: dir}))
			})
		}
	})
}

// crash ends every commit at a step from the first one on that has a dead letter, and looks what
// committed readers see there. What comes before only takes the registry over again.
type crash struct {
	p             *pipeline
	at            worker.Step
	aborts, leaks atomic.Int32
	seen          []string         // before the first of them
	ends          map[string]int64 // of what they write to, uncommitted records counted
}

func (c *crash) step(_ int, at worker.Step) error {
	switch {
	case at == worker.Flushed && c.aborts.Load() == 0:
		c.seen = c.p.seen()
		return nil
	case at != c.at || c.p.ends(c.p.deadLetters())[c.p.deadLetters()] == c.ends[c.p.deadLetters()]:
		return nil
	case !slices.Equal(c.seen, c.p.seen()):
		c.leaks.Add(1)
	}
	return fmt.Errorf("%w %d", errCrash, c.aborts.Add(1))
}

// wroteAll says that transactions with dead letters, deltas and rows were aborted.
func (c *crash) wroteAll() bool {
	for topic, end := range c.p.ends(c.p.written()...) {
		if end <= c.ends[topic] {
			return false
		}
	}
	return c.aborts.Load() > 2
}

// written is what a transaction of stage 1 writes to.
func (p *pipeline) written() []string {
	return []string{p.deadLetters(), p.deltas(), p.changelog("units")}
}

// seen is all that committed readers see of what the app writes.
func (p *pipeline) seen() []string { return p.outputs(p.visible) }

// outputs gives the records of everything that the flow writes, as read reads a topic.
func (p *pipeline) outputs(read func(topic string) []*kgo.Record) (all []string) {
	for _, topic := range []string{p.stats(), p.deltas(), p.deadLetters(), p.changelog("units"), p.changelog("cells")} {
		for _, r := range read(topic) {
			all = append(all, fmt.Sprintf("%s/%d/%d %q %q", r.Topic, r.Partition, r.Offset, r.Key, r.Value))
		}
	}
	slices.Sort(all)
	return all
}

// ends is the log ends of topics, uncommitted records counted, partitions added up.
func (p *pipeline) ends(topics ...string) map[string]int64 {
	ctx, cancel := p.context()
	defer cancel()
	listed, err := p.admin.ListEndOffsets(ctx, topics...)
	require.NoError(p.t, err)
	sums := map[string]int64{}
	for topic, partitions := range listed {
		for _, o := range partitions {
			sums[topic] += o.Offset
		}
	}
	return sums
}

// rows is all that the stores in the state directory of a stopped process hold.
func (p *pipeline) rows(dir string) map[string]string {
	p.t.Helper()
	rows := map[string]string{}
	p.stores(dir, func(changelog string, partition int32, store state.Store) {
		require.NoError(p.t, store.Scan(nil, nil, func(key, value []byte) bool {
			rows[fmt.Sprintf("%s/%d %s", changelog, partition, key)] = string(value)
			return true
		}))
	})
	return rows
}

// stores visits every store in the state directory of a stopped process.
func (p *pipeline) stores(dir string, visit func(changelog string, partition int32, store state.Store)) {
	p.t.Helper()
	db, err := pebble.Open(filepath.Join(dir, "stores"))
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, db.Close()) }()
	for _, sub := range p.topology().Subs {
		for _, def := range sub.Stores {
			for n := range p.setup.partitions {
				store := db.Store(fmt.Sprintf("%s/%s/%s", p.prefix, topology.TaskID{Sub: sub.ID, Partition: n}, def.Name))
				visit(sub.Changelog(def), n, store)
				require.NoError(p.t, store.Close())
			}
		}
	}
}
