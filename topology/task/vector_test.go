package task_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// below is the sub-topology behind a repartition topic; it is the first one here.
func below(b *topology.Builder, h *harness) {
	_, in := topology.Channel(b, "up", codecs.String, codecs.Int64)
	with(in, "probe", topology.Needs{}, seen(h))
}

func TestWatermarkWaitsForAllTasks(t *testing.T) {
	h := start(t, below)
	h.add(0, 0, "early", 500)
	h.mark(0, 1, 0, base+5000, false)
	h.mark(0, 2, 2, base+7000, false)
	h.work()
	require.Equal(t, "none", h.stream(), "records do not move it, nor do two of three tasks")
	h.mark(0, 3, 1, base+6000, false)
	h.add(0, 4, "later", 9000)
	h.work()
	require.Equal(t, "early@none later@5000", h.took())
	require.EqualValues(t, 5, h.Next(0))
}

func TestWatermarkIsTheMinimumOfThoseNotIdle(t *testing.T) {
	h := start(t, below)
	offset := int64(0)
	mark := func(from int, at int64, idle bool, want string) {
		t.Helper()
		h.mark(0, offset, from, base+at, idle)
		offset++
		h.work()
		require.Equal(t, want, h.stream())
	}
	mark(0, 1000, false, "none")
	mark(1, 2000, false, "none")
	mark(2, -9000, true, "1000") // idle from the start: it has spoken, and is not waited for
	mark(0, 4000, false, "2000")
	mark(1, 2000, true, "4000") // idle now
	mark(0, 4000, true, "4000") // all are: the greatest
	mark(1, 6000, true, "6000") // and its drift counts
	mark(2, 3000, false, "6000")
	mark(2, 2000, false, "6000")
	mark(0, 9000, false, "6000") // held by 2 at 3000: an entry never goes back
	mark(2, 7000, false, "7000")
}

func TestRestartResumesTimeAndVector(t *testing.T) {
	h := start(t, below)
	h.mark(0, 0, 0, base+1000, false)
	h.mark(0, 1, 1, base+2000, true)
	h.mark(0, 2, 2, base+3000, false)
	h.work()
	require.Equal(t, "1000", h.stream())
	h.commit(nil)
	h.open()
	require.Equal(t, "1000", h.stream())
	require.EqualValues(t, 3, h.Next(0))
	h.mark(0, 3, 0, base+8000, false)
	h.work()
	require.Equal(t, "3000", h.stream(), "the others are known")

	h.open() // without a commit
	require.Equal(t, "1000", h.stream())
}

func TestVectorRowLayout(t *testing.T) {
	h := start(t, below)
	h.mark(0, 0, 2, 1000, true)
	h.work()
	rows := map[string]string{}
	for _, e := range h.flush(task.ToChangelog) {
		rows[hex.EncodeToString(e.Key)] = hex.EncodeToString(e.Value)
	}
	require.Equal(t, "01"+"00000000000003e8"+"01"+"00000003", rows["77"+"0000"+"00000002"])
	require.Contains(t, rows, "70", "the position beside it")
}

func TestMalformedWatermarks(t *testing.T) {
	h := start(t, below)
	good := topology.AppendWatermark(nil, topology.Watermark{Tasks: 1})
	h.Add(0, []task.Record{{Offset: 0, Value: good[:5]}, {Offset: 1, Value: []byte{0x7f}}})
	h.work()
	letters := h.flush(task.ToDeadLetters)
	require.Len(t, letters, 2)
	require.Equal(t, "undecodable", header(letters[0], task.HeaderReason))
	require.Equal(t, "none", h.stream())
}

func TestMalformedRowsOfTheTaskStore(t *testing.T) {
	for _, key := range []string{"w1", "p"} {
		h := start(t, below)
		own := h.cfg.Tables[len(h.cfg.Tables)-1]
		own.Put([]byte(key), []byte("?"))
		_, err := task.New(h.cfg)
		require.ErrorContains(t, err, "task 0_1: ")
		require.ErrorContains(t, err, "malformed")
	}
}

// A task with a source of its own beside a repartition topic follows the one that is behind.
func TestSourceBesideARepartitionTopic(t *testing.T) {
	h := start(t, func(b *topology.Builder, h *harness) {
		_, up := topology.Channel(b, "up", codecs.String, codecs.Int64)
		with(topology.Merge("both", up, timed(b, "own")), "probe", topology.Needs{}, seen(h))
	})
	h.add(1, 0, "own", 5000)
	h.work()
	require.Equal(t, "none", h.stream())
	for from := range 3 {
		h.mark(0, int64(from), from, base+2000, false)
	}
	h.work()
	require.Equal(t, "2000", h.stream())
	for from := range 3 {
		h.mark(0, int64(3+from), from, base+9000, false)
	}
	h.work()
	require.Equal(t, "5000", h.stream())
	h.quiet(10_000)
	h.quiet(12_000)
	require.Equal(t, "9000", h.stream(), "an idle source holds nothing back, and does not run ahead")
	h.quiet(60_000)
	require.Equal(t, "9000", h.stream())
}

// TestHeldBy: the task upstream that holds stream time back is the one with the least watermark, first one that has said none.
func TestHeldBy(t *testing.T) {
	h := start(t, below)
	_, _, held := h.HeldBy()
	require.False(t, held, "nobody has said how many there are")
	offset := int64(0)
	mark := func(from int, at int64, idle bool, want int) {
		t.Helper()
		h.mark(0, offset, from, base+at, idle)
		offset++
		h.work()
		source, task, held := h.HeldBy()
		require.Equal(t, want >= 0, held)
		if held {
			require.Zero(t, source)
			require.Equal(t, want, task)
		}
	}
	mark(0, 1000, false, 1)
	mark(2, 3000, false, 1)
	mark(1, 2000, false, 0)
	mark(0, 4000, false, 1)
	mark(1, 2000, true, 2)
	mark(2, 3000, true, 0)
	mark(0, 4000, true, -1)
}

// A watermark that says it is of more tasks than there can be, or of one that there is not, is a dead letter.
func TestAWatermarkOfNoTaskIsADeadLetter(t *testing.T) {
	h := start(t, below)
	for i, w := range []topology.Watermark{{Task: 3, Tasks: 3}, {Task: 1 << 30, Tasks: 1 << 31}, {Task: -1, Tasks: 3}} {
		w.Time = base
		h.Add(0, []task.Record{{Offset: int64(i), Value: topology.AppendWatermark(nil, w)}})
	}
	h.work()
	require.Equal(t, "none", h.stream())
	require.Len(t, h.flush(task.ToDeadLetters), 3)
}
