package processors_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/pebble"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// keyed is a task of a Suppress on a disk. Its input are updates of as many windows as there are keys, which close together.
type keyed struct {
	*task.Task
	t         *testing.T
	outbox    *task.Outbox
	stores    []state.Store
	batch     state.Batch
	offset    int64
	tail      int64   // of the changelogs
	seen      []uint8 // how often the window of each key was forwarded
	forwarded int     // windows
	sub       *topology.Sub
	held      int64 // most bytes of the caches
	heap      int64 // bytes of the heap that went with the task when all was held
}

// The keys are long, so that few of them are more than the caches hold.
var longKey = strings.Repeat("k", 400)

func newKeyed(t *testing.T, keys int) *keyed {
	var b topology.Builder
	updates := topology.From(&b, "updates", processors.WindowedCodec[string]{Key: codecs.String}, codecs.Int64)
	topology.To(processors.Suppress(updates, "final", 0), "finals")
	topo, err := b.Build("app")
	require.NoError(t, err)
	db, err := pebble.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	k := &keyed{t: t, seen: make([]uint8, keys), sub: topo.Subs[0]}
	for _, def := range k.sub.Stores {
		k.stores = append(k.stores, db.Store(def.Name))
	}
	k.open()
	return k
}

// open makes the task of its stores.
func (k *keyed) open() {
	k.outbox = &task.Outbox{}
	cfg := task.Config{Sub: k.sub, Tasks: 1, Outbox: k.outbox, MaxAhead: time.Hour.Milliseconds(), Changelogs: make([][16]byte, 2)}
	for i, def := range k.sub.Stores {
		cfg.Tables = append(cfg.Tables, state.NewTable(def.Name, i, k.stores[i], 1<<20))
	}
	var err error
	k.Task, err = task.New(cfg)
	require.NoError(k.t, err)
	k.Begin(0, k.offset)
}

// heapInUse is what is reachable.
func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers let go of
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// update has the window of a key change; it ends a minute after start.
func (k *keyed) update(key int, value, at int64) {
	w := processors.Windowed[string]{Key: fmt.Sprintf("%s%d", longKey, key), Start: at, End: at + time.Minute.Milliseconds()}
	encoded, err := processors.WindowedCodec[string]{Key: codecs.String}.Append(nil, w)
	require.NoError(k.t, err)
	k.Add(0, []task.Record{{Offset: k.offset, Appended: at, Key: encoded, Value: binary.BigEndian.AppendUint64(nil, uint64(value))}})
	k.offset++
}

// commit processes what is queued and commits it; what is forwarded is counted.
func (k *keyed) commit() {
	_, err := k.Process(1 << 20)
	require.NoError(k.t, err)
	require.NoError(k.t, k.Flush())
	for _, e := range k.outbox.Entries() {
		if e.Kind != task.ToSink {
			k.tail++
			continue
		}
		w, err := processors.WindowedCodec[string]{Key: codecs.String}.Decode(e.Key)
		require.NoError(k.t, err)
		key, err := strconv.Atoi(w.(processors.Windowed[string]).Key[len(longKey):])
		require.NoError(k.t, err)
		require.Equal(k.t, uint64(2), binary.BigEndian.Uint64(e.Value), "the last update")
		k.seen[key]++
		k.forwarded++
	}
	k.held = max(k.held, k.CacheStats().Bytes)
	k.Commit(func(int) int64 { return k.tail })
	require.NoError(k.t, k.Checkpoint(&k.batch, k.stores, 0))
	k.outbox.Reset()
}

// measure drops the task, to see what it held, and opens it again. The engine may have memory of its own on the heap.
func (k *keyed) measure() {
	with := heapInUse()
	for rests := false; !rests; { // the engine does not work in the background
		next := heapInUse()
		rests, with = max(with-next, next-with) < 1<<20, next
	}
	k.Task, k.outbox, k.batch = nil, nil, state.Batch{}
	k.heap = with - heapInUse()
	k.open()
}

// run has each window change, some of them twice and long after, and all close.
func (k *keyed) run() {
	for key := range k.seen {
		k.update(key, 2-int64(key%8/7), start)
		if key%1000 == 999 {
			k.commit()
		}
	}
	for key := 7; key < len(k.seen); key += 8 {
		k.update(key, 2, start)
		if key%1000 == 999 {
			k.commit()
		}
	}
	k.commit()
	k.measure()
	k.update(0, 1, start+time.Hour.Milliseconds())
	k.commit()
	wall := start + time.Hour.Milliseconds()
	for k.forwarded < len(k.seen) || k.Dirty() {
		wall++
		require.Less(k.t, wall, start+2*time.Hour.Milliseconds(), "it forwards no more")
		require.NoError(k.t, k.Advance(wall))
		k.commit()
	}
}

// What Suppress holds lies on the disk: neither its caches nor anything else of its task grow with the number of windows, each of which is
// forwarded once.
func TestMemoryOfSuppressDoesNotGrowWithTheKeys(t *testing.T) {
	const few, mega = 4_000, 1 << 20
	var held, heap [2]int64
	for i, keys := range []int{few, 8 * few} {
		k := newKeyed(t, keys)
		k.run()
		for key, times := range k.seen {
			if times != 1 {
				require.Failf(t, "a window comes once", "that of key %d came %d times", key, times)
			}
		}
		held[i], heap[i] = k.held, k.heap
		t.Logf("%d windows of %d bytes: caches held at most %.1f MiB, the task all in all %.1f MiB", keys, len(longKey), float64(held[i])/mega, float64(heap[i])/mega)
	}
	require.Less(t, held[1], held[0]+4*mega, "the caches")
	require.Less(t, held[1], int64(16*mega))
	require.Less(t, heap[1], heap[0]+4*mega, "the keys alone are %d MiB", 8*few*len(longKey)/mega)
}
