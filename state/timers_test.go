package state_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTimersPopInOrderOfTimeThenKey(t *testing.T) {
	var timers state.Timers
	_, ok := timers.Next()
	require.False(t, ok)
	_, _, ok = timers.Pop()
	require.False(t, ok)
	timers.Add(20, []byte("bob"))
	timers.Add(10, []byte("cid"))
	timers.Add(20, []byte("ann"))
	timers.Add(-5, nil)
	timers.Add(20, []byte("bob"))
	require.Equal(t, 5, timers.Len())
	due, ok := timers.Next()
	require.True(t, ok)
	require.EqualValues(t, -5, due)
	require.Equal(t, []string{"-5 ", "10 cid", "20 ann", "20 bob", "20 bob"}, drain(&timers))
	timers.Add(1, []byte("again"))
	timers.Reset()
	require.Zero(t, timers.Len())
	require.Empty(t, drain(&timers))
}

func TestTimersFollowASortedList(t *testing.T) {
	type timer struct {
		due int64
		key string
	}
	rapid.Check(t, func(rt *rapid.T) {
		var timers state.Timers
		var want []timer
		add := func(due int64, key []byte) {
			timers.Add(due, key)
			want = append(want, timer{due, string(key)})
			slices.SortFunc(want, func(a, b timer) int {
				if a.due != b.due {
					return int(a.due - b.due)
				}
				return bytes.Compare([]byte(a.key), []byte(b.key))
			})
		}
		rt.Repeat(map[string]func(*rapid.T){
			"add": func(rt *rapid.T) {
				size := rapid.SampledFrom([]int{0, 3, 130, 3000}).Draw(rt, "size")
				key := bytes.Repeat([]byte{rapid.Byte().Draw(rt, "byte")}, size)
				add(rapid.Int64Range(0, 30).Draw(rt, "due"), key)
			},
			"pop and set again": func(rt *rapid.T) {
				if len(want) == 0 {
					return
				}
				key, due, ok := timers.Pop()
				require.True(rt, ok)
				require.Equal(rt, want[0], timer{due, string(key)})
				want = want[1:]
				if rapid.Bool().Draw(rt, "again") {
					add(due+5, key)
				}
			},
			"": func(rt *rapid.T) {
				require.Equal(rt, len(want), timers.Len())
				due, ok := timers.Next()
				require.Equal(rt, len(want) > 0, ok)
				if ok {
					require.Equal(rt, want[0].due, due)
				}
			},
		})
	})
}

func TestTimersAllocateNothingInSteadyState(t *testing.T) {
	var timers state.Timers
	for i := range 10_000 {
		timers.Add(int64(i), fmt.Appendf(nil, "unit %d", i))
	}
	turn := func() {
		for range 20_000 {
			key, due, _ := timers.Pop()
			timers.Add(due+10_000, key)
		}
	}
	turn()
	turn()
	require.Zero(t, testing.AllocsPerRun(5, turn))
	require.Equal(t, 10_000, timers.Len())
	require.Less(t, timers.Held(), 1<<20, "bytes for 10,000 keys of 9")
}

func drain(timers *state.Timers) []string {
	var got []string
	for {
		key, due, ok := timers.Pop()
		if !ok {
			return got
		}
		got = append(got, fmt.Sprintf("%d %s", due, key))
	}
}

func BenchmarkTimers(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var timers state.Timers
			for i := range n {
				timers.Add(int64(i), fmt.Appendf(nil, "u%08d", i))
			}
			b.ReportAllocs()
			for b.Loop() {
				key, due, _ := timers.Pop()
				timers.Add(due+int64(n), key)
			}
		})
	}
}
