package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/topology"
)

func TestUserDataIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u := userData{process: rapid.String().Draw(rt, "process"), address: rapid.String().Draw(rt, "address"), local: map[topology.TaskID]int64{}}
		for range rapid.IntRange(0, 5).Draw(rt, "tasks") {
			u.local[at(rapid.IntRange(0, 3).Draw(rt, "sub"), rapid.IntRange(0, 999).Draw(rt, "partition"))] = rapid.Int64Range(0, 1<<60).Draw(rt, "offset")
		}
		require.Equal(rt, u, parseUserData(appendUserData(nil, u)))
	})
}

// A member of another version, or of a program without user data, takes part all the same.
func TestUserDataOfOthersIsNothing(t *testing.T) {
	whole := appendUserData(nil, userData{"a", "host:1", map[topology.TaskID]int64{at(0, 1): 300}})
	next := append([]byte{userDataVersion + 1}, whole[1:]...)
	require.Equal(t, userData{}, parseUserData(nil))
	require.Equal(t, userData{}, parseUserData(next))
	require.Equal(t, userData{}, parseUserData(append(whole, 0)))
	for cut := range whole {
		require.Equal(t, userData{}, parseUserData(whole[:cut]), "cut at %d", cut)
	}
}

// A member without an address is understood by members that know version 1 alone, and read as one of them.
func TestUserDataWithoutAnAddressIsOfVersion1(t *testing.T) {
	data := appendUserData(nil, userData{process: "a", local: map[topology.TaskID]int64{at(0, 1): 300}})
	require.Equal(t, []byte{1, 1, 'a', 1, 0, 1, 0xac, 2}, data)
	require.Equal(t, userData{process: "a", local: map[topology.TaskID]int64{at(0, 1): 300}}, parseUserData(data))
}

func FuzzUserDataNeverPanics(f *testing.F) {
	f.Add(appendUserData(nil, userData{"a", "host:1", map[topology.TaskID]int64{at(0, 1): 300}}))
	f.Add([]byte{userDataVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(_ *testing.T, data []byte) { parseUserData(data) })
}

// What a process tells of its state is what a restore would begin from, before it has any task, and
// nothing of a topic that is gone.
func TestAProcessTellsOfItsState(t *testing.T) {
	c := newCluster(t)
	dir := t.TempDir()
	stop := c.startApp("app", Config{Workers: 1, StateDir: dir})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Workers: 1, StateDir: dir})
	require.NoError(t, err)
	require.NoError(t, a.open(t.Context()))
	defer func() { require.NoError(t, a.close()) }()
	local := a.local()
	require.Len(t, local, 2*partitions)
	for id, reach := range local {
		require.Positive(t, reach, "task %s", id)
	}
	for topic := range a.topics.ids {
		a.topics.ids[topic] = [16]byte{1}
	}
	require.Empty(t, a.local())
}
