package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/topology"
)

func TestUserDataIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u := userData{process: rapid.String().Draw(rt, "process"), local: map[topology.TaskID]int64{}}
		for range rapid.IntRange(0, 5).Draw(rt, "tasks") {
			u.local[at(rapid.IntRange(0, 3).Draw(rt, "sub"), rapid.IntRange(0, 999).Draw(rt, "partition"))] = rapid.Int64Range(0, 1<<60).Draw(rt, "offset")
		}
		require.Equal(rt, u, parseUserData(appendUserData(nil, u)))
	})
}

// A member of another version, or of a program without user data, takes part all the same.
func TestUserDataOfOthersIsNothing(t *testing.T) {
	whole := appendUserData(nil, userData{"a", map[topology.TaskID]int64{at(0, 1): 300}})
	next := append([]byte{userDataVersion + 1}, whole[1:]...)
	require.Equal(t, userData{}, parseUserData(nil))
	require.Equal(t, userData{}, parseUserData(next))
	require.Equal(t, userData{}, parseUserData(append(whole, 0)))
	for cut := range whole {
		require.Equal(t, userData{}, parseUserData(whole[:cut]), "cut at %d", cut)
	}
}

func FuzzUserDataNeverPanics(f *testing.F) {
	f.Add(appendUserData(nil, userData{"a", map[topology.TaskID]int64{at(0, 1): 300}}))
	f.Add([]byte{userDataVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(_ *testing.T, data []byte) { parseUserData(data) })
}
