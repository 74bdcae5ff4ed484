package state_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/stretchr/testify/require"
)

func TestBatchGivesBackItsChanges(t *testing.T) {
	var b state.Batch
	long := make([]byte, 300)
	for range 2 {
		b.Reset()
		b.Put([]byte("ann"), []byte("1"))
		b.Put(nil, nil)
		b.Delete(long)
		b.DeleteRange([]byte("a"), nil)
		require.Equal(t, 4, b.Len())
		require.Empty(t, b.Checkpoint())
		var got []string
		require.NoError(t, b.Each(func(kind state.Change, first, second []byte) error {
			got = append(got, fmt.Sprintf("%d %d %d", kind, len(first), len(second)))
			return nil
		}))
		require.Equal(t, []string{"1 3 1", "1 0 0", "2 300 0", "3 1 0"}, got)
	}
	stop := errors.New("stop")
	seen := 0
	err := b.Each(func(state.Change, []byte, []byte) error {
		seen++
		return stop
	})
	require.ErrorIs(t, err, stop)
	require.Equal(t, 1, seen)
}

func TestBatchAllocatesNothingWhenReused(t *testing.T) {
	var b state.Batch
	key, value := []byte("key"), make([]byte, 100)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		b.Reset()
		for range 100 {
			b.Put(key, value)
			b.Delete(key)
		}
		b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 1})
	}))
}

func TestCheckpointRoundTrip(t *testing.T) {
	for _, c := range []state.Checkpoint{
		{},
		{ChangelogOffset: -1, AsOf: -1},
		{ChangelogOffset: 1<<63 - 1, Changelog: [16]byte{1, 15: 2}, AsOf: 1 << 62},
	} {
		data := state.AppendCheckpoint([]byte("before"), c)
		require.Equal(t, "before", string(data[:6]))
		got, err := state.ParseCheckpoint(data[6:])
		require.NoError(t, err)
		clear(data)
		require.Equal(t, c, got, "a copy")
	}
}

// The bytes of version 3: stores on disks depend on them.
func TestCheckpointLayout(t *testing.T) {
	data := state.AppendCheckpoint(nil, state.Checkpoint{ChangelogOffset: 258, Changelog: [16]byte{0xab, 15: 0xcd}, AsOf: 1 << 40})
	require.Equal(t, "03 0000000000000102 ab0000000000000000000000000000cd 0000010000000000",
		fmt.Sprintf("%x %x %x %x", data[:1], data[1:9], data[9:25], data[25:33]))
	require.Len(t, data, 1+8+16+8+8)
	require.Equal(t, "e84fd03195de1771", fmt.Sprintf("%x", data[33:]))
}

// Version 2, without the time, and version 1, without the topic's id, are read too.
func TestCheckpointsOfTheVersionsBefore(t *testing.T) {
	for text, want := range map[string]state.Checkpoint{
		"010000000000000102" + "68657265" + "009592aebdc1d986":                                      {ChangelogOffset: 258},
		"020000000000000102" + "ab0000000000000000000000000000cd" + "68657265" + "e78dc10740d4365e": {ChangelogOffset: 258, Changelog: [16]byte{0xab, 15: 0xcd}},
	} {
		data, err := hex.DecodeString(text)
		require.NoError(t, err)
		c, err := state.ParseCheckpoint(data)
		require.NoError(t, err)
		require.Equal(t, want, c)
	}
}

func TestCheckpointDetectsEveryFlippedBitAndCut(t *testing.T) {
	data := state.AppendCheckpoint(nil, state.Checkpoint{ChangelogOffset: 7})
	for i := range data {
		for bit := range 8 {
			data[i] ^= 1 << bit
			_, err := state.ParseCheckpoint(data)
			require.ErrorIs(t, err, state.ErrCorrupt)
			data[i] ^= 1 << bit
		}
		_, err := state.ParseCheckpoint(data[:i])
		require.ErrorIs(t, err, state.ErrCorrupt)
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add([]byte{})
	f.Add(state.AppendCheckpoint(nil, state.Checkpoint{ChangelogOffset: 7}))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := state.ParseCheckpoint(data)
		if err != nil {
			require.ErrorIs(t, err, state.ErrCorrupt)
			return
		}
		if data[0] < 3 {
			require.Zero(t, c.AsOf)
			return
		}
		require.Equal(t, data, state.AppendCheckpoint(nil, c))
	})
}
