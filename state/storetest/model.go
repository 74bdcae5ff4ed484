package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// model is a store as a map, and the batch being built for both.
type model struct {
	store      state.Store
	reopen     reopener
	rows       map[string]string
	checkpoint *state.Checkpoint
}

var (
	someKey   = rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 'b', 0xff}), 0, 3)
	someValue = rapid.SliceOfN(rapid.Byte(), 0, 40)
)

func randomOperations(t *testing.T, store state.Store, reopen reopener) {
	reopens := 0
	rapid.Check(t, func(rt *rapid.T) {
		require.NoError(rt, store.Clear())
		m := &model{store: store, rows: map[string]string{}}
		m.reopen = func() state.Store {
			store = reopen()
			return store
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":      m.check,
			"apply": m.apply,
			"get":   m.get,
			"scan":  m.scan,
			"clear": m.clear,
			"reopen": func(rt *rapid.T) {
				if reopens++; reopens%8 == 0 { // opening files is slow
					m.store = m.reopen()
				}
			},
		})
	})
}

func (m *model) apply(rt *rapid.T) {
	var b state.Batch
	for range rapid.IntRange(1, 12).Draw(rt, "changes") {
		key := someKey.Draw(rt, "key")
		switch rapid.SampledFrom([]string{"put", "put", "put", "delete", "range"}).Draw(rt, "change") {
		case "put":
			value := someValue.Draw(rt, "value")
			b.Put(key, value)
			m.rows[string(key)] = string(value)
		case "delete":
			b.Delete(key)
			delete(m.rows, string(key))
		case "range":
			to := someKey.Draw(rt, "to")
			b.DeleteRange(key, to)
			maps.DeleteFunc(m.rows, func(k, _ string) bool { return within(k, key, to) })
		}
	}
	if rapid.Bool().Draw(rt, "with checkpoint") {
		m.checkpoint = &state.Checkpoint{
			ChangelogOffset: rapid.Int64Min(0).Draw(rt, "offset"),
			Changelog:       [16]byte{rapid.Byte().Draw(rt, "topic"), 15: 1},
			AsOf:            rapid.Int64().Draw(rt, "as of"),
		}
		b.SetCheckpoint(*m.checkpoint)
	}
	require.NoError(rt, m.store.Apply(&b))
}

func (m *model) get(rt *rapid.T) {
	key := someKey.Draw(rt, "key")
	value, ok, err := m.store.Get(key)
	require.NoError(rt, err)
	want, known := m.rows[string(key)]
	require.Equal(rt, known, ok)
	require.Equal(rt, want, string(value))
}

func (m *model) scan(rt *rapid.T) {
	from, to := someKey.Draw(rt, "from"), someKey.Draw(rt, "to")
	limit := rapid.IntRange(1, 20).Draw(rt, "limit")
	var got []string
	require.NoError(rt, m.store.Scan(from, to, func(key, value []byte) bool {
		got = append(got, fmt.Sprintf("%s=%s", key, value))
		return len(got) < limit
	}))
	want := m.between(from, to)
	require.Equal(rt, want[:min(limit, len(want))], got)

	var back []string
	require.NoError(rt, m.store.ScanBack(from, to, func(key, value []byte) bool {
		back = append(back, fmt.Sprintf("%s=%s", key, value))
		return len(back) < limit
	}))
	slices.Reverse(want)
	require.Equal(rt, want[:min(limit, len(want))], back)
}

func (m *model) clear(rt *rapid.T) {
	require.NoError(rt, m.store.Clear())
	m.rows, m.checkpoint = map[string]string{}, nil
}

func (m *model) check(rt *rapid.T) {
	c, ok, err := m.store.Checkpoint()
	require.NoError(rt, err)
	require.Equal(rt, m.checkpoint != nil, ok)
	if ok {
		require.Equal(rt, *m.checkpoint, c)
	}
	require.Equal(rt, m.between(nil, nil), rowsOf(rt, m.store))
}

func (m *model) between(from, to []byte) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(m.rows)) {
		if within(key, from, to) {
			found = append(found, key+"="+m.rows[key])
		}
	}
	return found
}

func within(key string, from, to []byte) bool {
	return key >= string(from) && (len(to) == 0 || key < string(to))
}
