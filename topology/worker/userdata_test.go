package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/topology"
)

func TestUserDataIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u := userData{version: userDataVersion, rack: rapid.String().Draw(rt, "rack"), process: rapid.String().Draw(rt, "process"), address: rapid.String().Draw(rt, "address"), local: map[topology.TaskID]int64{}}
		for range rapid.IntRange(0, 5).Draw(rt, "tasks") {
			u.local[at(rapid.IntRange(0, 3).Draw(rt, "sub"), rapid.IntRange(0, 999).Draw(rt, "partition"))] = rapid.Int64Range(0, 1<<60).Draw(rt, "offset")
		}
		require.Equal(rt, u, parseUserData(appendUserData(nil, u)))
	})
}

// A member of another version, or of a program without user data, takes part all the same.
func TestUserDataOfOthersIsNothing(t *testing.T) {
	whole := appendUserData(nil, userData{process: "a", address: "host:1", rack: "r", local: map[topology.TaskID]int64{at(0, 1): 300}})
	next := append([]byte{userDataVersion + 1}, whole[1:]...)
	require.Equal(t, userData{}, parseUserData(nil))
	require.Equal(t, userData{}, parseUserData(next))
	require.Equal(t, userData{}, parseUserData(append(whole, 0)))
	for cut := range whole {
		require.Equal(t, userData{}, parseUserData(whole[:cut]), "cut at %d", cut)
	}
}

// What members of older programs say is read.
func TestUserDataOfOlderVersionsIsRead(t *testing.T) {
	local := map[topology.TaskID]int64{at(0, 1): 300}
	require.Equal(t, userData{version: 1, process: "a", local: local}, parseUserData([]byte{1, 1, 'a', 1, 0, 1, 0xac, 2}))
	require.Equal(t, userData{version: 2, process: "a", address: "h:1", local: local}, parseUserData([]byte{2, 1, 'a', 3, 'h', ':', '1', 1, 0, 1, 0xac, 2}))
	require.Equal(t, []byte{3, 1, 'a', 0, 1, 'r', 1, 0, 1, 0xac, 2}, appendUserData(nil, userData{process: "a", rack: "r", local: local}))
}

func FuzzUserDataNeverPanics(f *testing.F) {
	f.Add(appendUserData(nil, userData{process: "a", address: "host:1", rack: "r", local: map[topology.TaskID]int64{at(0, 1): 300}}))
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
