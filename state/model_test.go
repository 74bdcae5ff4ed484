package state_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// tableModel is a table beside two maps: what the engine has, and what the table should show.
type tableModel struct {
	db        *memory.DB
	store     state.Store
	table     *state.Table
	mask      uint64
	committed map[string]string
	current   map[string]string
	dirtied   []string // keys in first-dirtied order
	changelog map[string]string
	sizes     map[string]int // of the dirtied values
	floor     string         // nothing is below it
	settled   string         // the floor that the engine has
}

// trim is the key of a trim in the table's own rows.
const trim = "\x00trim"

// A table with colliding hashes and a cache far smaller than its rows follows a map through commits, aborts, crashes
// and restores.
func TestTableFollowsAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &tableModel{
			db:        memory.New(),
			mask:      rapid.SampledFrom([]uint64{0, 3, ^uint64(0)}).Draw(rt, "hash mask"),
			committed: map[string]string{},
			changelog: map[string]string{},
		}
		m.restart(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"put":     m.put,
			"delete":  m.delete,
			"trim":    m.trim,
			"get":     m.get,
			"scan":    m.scan,
			"commit":  m.commit,
			"keep":    m.keep,
			"abort":   m.abort,
			"restore": m.restore,
			"share": func(rt *rapid.T) {
				state.ShareCache(rapid.Int64Range(1, 64<<10).Draw(rt, "bytes"), []*state.Table{m.table})
			},
			"restart": m.restart,
		})
	})
}

func drawKey(rt *rapid.T) string { return fmt.Sprint("key ", rapid.IntRange(0, 40).Draw(rt, "key")) }

func (m *tableModel) dirty(key string, size int) {
	m.sizes[key] = size
	if !slices.Contains(m.dirtied, key) {
		m.dirtied = append(m.dirtied, key)
	}
}

func (m *tableModel) put(rt *rapid.T) {
	for range rapid.IntRange(1, 20).Draw(rt, "puts") {
		key := drawKey(rt)
		if key < m.floor {
			require.Panics(rt, func() { m.table.Put([]byte(key), nil) })
			continue
		}
		size := rapid.SampledFrom([]int{0, 1, 10, 100, 1000, 5000}).Draw(rt, "size")
		value := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 1).Draw(rt, "byte"), size)
		m.table.Put([]byte(key), value)
		m.current[key] = string(value)
		m.dirty(key, size)
	}
}

func (m *tableModel) delete(rt *rapid.T) {
	key := drawKey(rt)
	m.table.Delete([]byte(key))
	if key >= m.floor {
		delete(m.current, key)
		m.dirty(key, 0)
	}
}

func (m *tableModel) trim(rt *rapid.T) {
	below := fmt.Sprint("key ", rapid.IntRange(0, 30).Draw(rt, "below"))
	m.table.Trim([]byte(below))
	if below <= m.floor {
		return
	}
	m.floor = below
	maps.DeleteFunc(m.current, func(key, _ string) bool { return key < below })
	m.dirty(trim, len(below))
}

func (m *tableModel) get(rt *rapid.T) {
	key := drawKey(rt)
	before := m.table.Stats()
	value, ok, err := m.table.Peek([]byte(key))
	require.NoError(rt, err)
	require.Equal(rt, before, m.table.Stats())
	want, known := m.current[key]
	require.Equal(rt, known, ok)
	require.Equal(rt, want, string(value))
	if known {
		requireValue(rt, m.table, key, want)
	} else {
		requireAbsent(rt, m.table, key)
	}
}

func (m *tableModel) scan(rt *rapid.T) {
	from, to := drawKey(rt), drawKey(rt)
	var want []string
	for _, key := range slices.Sorted(maps.Keys(m.current)) {
		if key >= from && key < to {
			want = append(want, key+"="+m.current[key])
		}
	}
	require.Equal(rt, want, scan(rt, m.table, from, to))
	var back []string
	require.NoError(rt, m.table.ScanBack([]byte(from), []byte(to), func(key, value []byte) bool {
		back = append(back, string(key)+"="+string(value))
		return true
	}))
	slices.Reverse(back)
	require.Equal(rt, want, back)
}

// Append makes the model the Log of its table.
func (m *tableModel) Append(_ int, key, value []byte) {
	below, trimmed := state.Trimmed(key, value)
	switch {
	case trimmed:
		maps.DeleteFunc(m.changelog, func(key, _ string) bool { return key < string(below) })
	case value == nil:
		delete(m.changelog, string(key))
	default:
		m.changelog[string(key)] = string(value)
	}
	m.dirtied = append(m.dirtied, string(key))
}

func (m *tableModel) flush(rt *rapid.T) {
	want := slices.DeleteFunc(m.dirtied, func(key string) bool { return key < m.floor && key != trim })
	m.dirtied = nil
	m.table.Flush(m)
	require.Equal(rt, fmt.Sprint(want), fmt.Sprint(m.dirtied))
	require.Equal(rt, m.current, m.changelog)
}

func (m *tableModel) commit(rt *rapid.T) {
	m.flush(rt)
	var batch state.Batch
	m.table.Commit()
	m.table.Checkpoint(&batch)
	require.NoError(rt, m.store.Apply(&batch))
	m.committed, m.dirtied, m.settled = maps.Clone(m.current), nil, m.floor
	stored := len(m.current)
	if m.settled != "" {
		stored++
	}
	require.Len(rt, rowsOf(rt, m.store), stored, "what the engine has")
}

func rowsOf(rt *rapid.T, store state.Store) (keys []string) {
	require.NoError(rt, store.Scan(nil, nil, func(key, _ []byte) bool {
		keys = append(keys, string(key))
		return true
	}))
	return keys
}

// keep is a commit that the engine does not see yet.
func (m *tableModel) keep(rt *rapid.T) {
	m.flush(rt)
	m.table.Commit()
	m.dirtied = nil
}

func (m *tableModel) abort(rt *rapid.T) {
	if rapid.Bool().Draw(rt, "flushed") {
		m.flush(rt)
	}
	m.table.Abort()
	m.fallBack()
}

func (m *tableModel) fallBack() {
	m.current, m.changelog, m.dirtied = maps.Clone(m.committed), maps.Clone(m.committed), nil
	m.sizes, m.floor = map[string]int{}, m.settled
}

func (m *tableModel) restore(rt *rapid.T) {
	m.commit(rt)
	var batch state.Batch
	if rapid.IntRange(0, 3).Draw(rt, "trim") == 0 {
		m.settled = max(m.settled, drawKey(rt))
		m.table.Restore(&batch, []byte(trim), []byte(m.settled))
		maps.DeleteFunc(m.committed, func(key, _ string) bool { return key < m.settled })
	}
	for range rapid.IntRange(1, 10).Draw(rt, "records") {
		key := drawKey(rt)
		if key < m.settled {
			continue
		}
		if rapid.Bool().Draw(rt, "tombstone") {
			m.table.Restore(&batch, []byte(key), nil)
			delete(m.committed, key)
		} else {
			m.table.Restore(&batch, []byte(key), []byte("restored"))
			m.committed[key] = "restored"
		}
	}
	require.NoError(rt, m.store.Apply(&batch))
	m.fallBack()
}

// restart is a crash: what the engine does not have is gone.
func (m *tableModel) restart(rt *rapid.T) {
	m.store = m.db.Store("counts")
	m.table = state.NewTable("counts", 0, m.store, 24<<10)
	m.table.NarrowHash(m.mask)
	m.fallBack()
	require.Len(rt, scan(rt, m.table, "", ""), len(m.current)) // a table knows its floor from the first scan on
}

func (m *tableModel) check(rt *rapid.T) {
	require.NoError(rt, m.table.Fault())
	size := 0
	for _, key := range m.dirtied {
		size += len(key) + m.sizes[key]
	}
	require.EqualValues(rt, size, m.table.DirtyBytes())
}
