package task_test

import (
	"bytes"
	"runtime"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology/task"
)

// A queue that is never empty loses no record and keeps none that is processed.
func TestAQueueThatIsNeverEmptyForgets(t *testing.T) {
	h := start(t, one)
	offset := int64(0)
	add := func() []byte {
		key := bytes.Repeat([]byte{'k'}, 1000)
		value, err := codecs.Int64.Append(nil, offset)
		require.NoError(t, err)
		h.Add(0, []task.Record{{Offset: offset, Appended: base, Key: key, Value: value}})
		offset++
		return key
	}
	first := weak.Make(&add()[0])
	for range 9 {
		add()
	}
	for range 100 {
		add()
		n, err := h.Process(1)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, 10, h.Queued(0))
	}
	runtime.GC()
	require.Nil(t, first.Value(), "what is processed is still held")
	h.work()
	require.Equal(t, offset, h.Next(0))
	require.Len(t, h.log, int(offset))
}
