package task_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// seen notes each record's key with the stream time at which it is processed.
func seen(h *harness) probe {
	return probe{process: func(ctx topology.Context, rec *record) error {
		h.note("%s@%s", rec.Key, since(ctx.StreamTime()))
		return nil
	}}
}

func two(b *topology.Builder, h *harness) {
	with(topology.Merge("both", timed(b, "a"), timed(b, "b")), "probe", topology.Needs{}, seen(h))
}

func one(b *topology.Builder, h *harness) { with(timed(b, "a"), "probe", topology.Needs{}, seen(h)) }

func TestOldestFirst(t *testing.T) {
	h := start(t, two)
	h.add(1, 0, "b5", 5)
	h.add(1, 1, "b7", 7)
	h.add(0, 0, "a6", 6)
	h.add(0, 1, "a2", 2) // behind a6 in its partition: offset order within a source stays
	h.add(0, 2, "a9", 9)
	h.work()
	require.Equal(t, "b5@none a6@5 a2@5 b7@6 a9@7", h.took(), "a has not spoken at first")
}

func TestTiesGoByTopicThenOffset(t *testing.T) {
	h := start(t, two)
	h.add(1, 0, "b0", 5)
	h.add(1, 1, "b1", 5)
	h.add(0, 0, "a0", 5)
	h.add(0, 1, "a1", 5)
	h.work()
	require.Equal(t, "a0 a1 b0 b1", keys(h.took()))
}

// keys drops the stream times of a log.
func keys(log string) string {
	words := strings.Fields(log)
	for i, word := range words {
		words[i], _, _ = strings.Cut(word, "@")
	}
	return strings.Join(words, " ")
}

func TestLimitAndPositions(t *testing.T) {
	h := start(t, one)
	require.EqualValues(t, -1, h.Next(0))
	h.Begin(0, 3)
	require.False(t, h.Dirty())
	for i := range int64(3) {
		h.add(0, 3+2*i, "k", i)
	}
	n, err := h.Process(2)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, 1, h.Queued(0))
	require.EqualValues(t, 6, h.Next(0), "the offset after the last processed one")
	require.EqualValues(t, 6, h.NextOffset("a"))
	require.EqualValues(t, -1, h.NextOffset("unknown"))
	require.True(t, h.Dirty())
	h.Begin(0, 3)
	require.EqualValues(t, 6, h.Next(0), "Begin does not go back")
}

func TestFutureAndPastDatesDoNotMoveTime(t *testing.T) {
	h := start(t, one)
	h.add(0, 0, "now", 1000)
	h.addAppended(0, 1, "future", 6001, base+1000)
	h.addAppended(0, 2, "just", 6000, base+1000)
	h.addAppended(0, 3, "past", 946684799999-base, base+1000)
	h.work()
	require.Equal(t, "now@1000 just@6000", h.took())
	require.Equal(t, "6000", h.stream())
	letters := h.flush(task.ToDeadLetters)
	require.Len(t, letters, 2)
	require.Equal(t, "ts_future", header(letters[0], task.HeaderReason))
	require.Equal(t, "a/1/1", header(letters[0], task.HeaderSource))
	require.Equal(t, "ts_past", header(letters[1], task.HeaderReason))
}

func header(e task.Entry, key string) string {
	for _, h := range e.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// What a dead letter adds to a record as large as its topic takes must not make it too large for its own.
func TestADeadLetterFitsATopicOfDefaultSettings(t *testing.T) {
	for key, value := range map[int]int{600 << 10: 400 << 10, 10: 1000 << 10, 1000 << 10: 10} {
		h := start(t, one)
		h.Add(0, []task.Record{{
			Offset: 7, Appended: base, Key: make([]byte, key), Value: make([]byte, value),
			Headers: []topology.Header{{Key: "trace", Value: make([]byte, 20<<10)}},
		}})
		h.work()
		letters := h.flush(task.ToDeadLetters)
		require.Len(t, letters, 1)
		size := len(letters[0].Key) + len(letters[0].Value)
		for _, header := range letters[0].Headers {
			size += len(header.Key) + len(header.Value)
		}
		require.Len(t, letters[0].Key, key)
		require.Less(t, size, 1<<20-1<<10)
	}
}

func TestUndecodableRecordsAreDeadLetters(t *testing.T) {
	h := start(t, one)
	long := make([]byte, 600<<10)
	h.Add(0, []task.Record{{
		Offset: 7, Appended: base, Key: []byte("k"), Value: long,
		Headers: []topology.Header{{Key: "trace", Value: []byte("x")}, {Key: task.HeaderSource, Value: []byte("events/3/1234")}, {Key: task.HeaderReason, Value: []byte("old")}},
	}})
	h.work()
	require.EqualValues(t, 8, h.Next(0))
	letters := h.flush(task.ToDeadLetters)
	require.Len(t, letters, 1)
	require.Equal(t, "k", string(letters[0].Key))
	require.Len(t, letters[0].Value, 512<<10, "values are cut at 512 KiB")
	require.Equal(t, "undecodable", header(letters[0], task.HeaderReason))
	require.Contains(t, header(letters[0], task.HeaderError), "value: codecs: int64")
	require.Equal(t, "a/1/7", header(letters[0], task.HeaderSource), "a producer's header says nothing about where a record was read")
	require.Len(t, letters[0].Headers, 4, "what an earlier dead letter carried is gone")
	require.Equal(t, "x", header(letters[0], "trace"))
	counts := map[string]int64{}
	h.Counters(func(name string, n int64) { counts[name] = n })
	require.Equal(t, map[string]int64{"dead_letters_total": 1, "dead_letters.undecodable": 1}, counts)
	h.Counters(func(string, int64) { t.Error("counted twice") })
}

// A step that failed is the same step when it is tried again.
func TestFailedStep(t *testing.T) {
	failures := 2
	h := start(t, func(b *topology.Builder, h *harness) {
		with(timed(b, "a"), "probe", topology.Needs{}, probe{process: func(ctx topology.Context, rec *record) error {
			h.note("%s %s", rec.Key, ctx.Source())
			if failures--; failures >= 0 {
				return errors.New("out of luck")
			}
			return nil
		}})
	})
	h.add(0, 4, "k", 1)
	for range 2 {
		n, err := h.Process(10)
		require.EqualError(t, err, "task 0_1: record a/1/4: out of luck")
		require.Zero(t, n)
	}
	h.work()
	require.Equal(t, "k a/1/4 k a/1/4 k a/1/4", h.took())
}

func TestUntimedRecordsComeAtOnceAndMoveNothing(t *testing.T) {
	h := start(t, func(b *topology.Builder, h *harness) {
		odd := topology.FromTimed(b, "a", codecs.String, codecs.Int64, func(rec *record, _ *topology.Source) (int64, bool) {
			return base + rec.Value, rec.Value%2 == 0
		})
		with(odd, "probe", topology.Needs{}, seen(h))
	})
	h.add(0, 0, "even", 10)
	h.addAppended(0, 1, "odd", 99999, base)
	h.work()
	require.Equal(t, "even@10 odd@10", h.took())
	require.Empty(t, h.flush(task.ToDeadLetters), "who marks a record untimed deals with it")
}
