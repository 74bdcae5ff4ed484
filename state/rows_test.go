package state_test

import (
	"testing"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/stretchr/testify/require"
)

func TestRowsAreTyped(t *testing.T) {
	table := state.NewTable("counts", 0, memory.New().Store("counts"), 0)
	rows := state.NewRows(table, codecs.String, codecs.Int64)
	require.Same(t, table, rows.Table())
	_, ok, err := rows.Get("ann")
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, rows.Put("bob", -2))
	require.NoError(t, rows.Put("ann", 1))
	require.NoError(t, rows.Put("cid", 3))
	require.NoError(t, rows.Delete("cid"))
	v, ok, err := rows.Get("bob")
	require.NoError(t, err)
	require.True(t, ok)
	require.EqualValues(t, -2, v)
	seen := map[string]int64{}
	require.NoError(t, rows.Scan(func(k string, v int64) bool {
		seen[k] = v
		return true
	}))
	require.Equal(t, map[string]int64{"ann": 1, "bob": -2}, seen)
}

func TestRowsThatDoNotDecode(t *testing.T) {
	table := state.NewTable("counts", 0, memory.New().Store("counts"), 0)
	rows := state.NewRows(table, codecs.String, codecs.Int64)
	table.Put([]byte("ann"), []byte("short"))
	_, _, err := rows.Get("ann")
	require.ErrorIs(t, err, codecs.ErrLength)
	require.ErrorContains(t, err, `table counts: value of key "ann"`)
	err = rows.Scan(func(string, int64) bool { return true })
	require.ErrorIs(t, err, codecs.ErrLength)
}

type refusing struct{}

func (refusing) Append(dst []byte, _ int64) ([]byte, error) { return dst, codecs.ErrType }
func (refusing) Parse([]byte, *int64) error                 { return codecs.ErrType }

func TestRowsThatDoNotEncode(t *testing.T) {
	table := state.NewTable("counts", 0, memory.New().Store("counts"), 0)
	values := state.NewRows(table, codecs.String, refusing{})
	require.ErrorIs(t, values.Put("ann", 1), codecs.ErrType)
	keys := state.NewRows(table, refusing{}, codecs.String)
	_, _, err := keys.Get(1)
	require.ErrorIs(t, err, codecs.ErrType)
	require.ErrorIs(t, keys.Put(1, "x"), codecs.ErrType)
	require.ErrorIs(t, keys.Delete(1), codecs.ErrType)
	require.Zero(t, table.DirtyBytes())
}

// growing parses into the memory that the value before had, as a codec may.
type growing struct{ codecs.BytesCodec }

func (growing) Parse(data []byte, v *[]byte) error {
	*v = append((*v)[:0], data...)
	return nil
}

func TestRowsShareNoMemory(t *testing.T) {
	table := state.NewTable("lists", 0, memory.New().Store("lists"), 0)
	rows := state.NewRows(table, codecs.String, growing{})
	require.NoError(t, rows.Put("ann", []byte("123")))
	require.NoError(t, rows.Put("bob", []byte("789")))
	first, _, err := rows.Get("ann")
	require.NoError(t, err)
	second, _, err := rows.Get("bob")
	require.NoError(t, err)
	require.Equal(t, "123", string(first))
	require.Equal(t, "789", string(second))
}

func TestRowsAllocateNothingInSteadyState(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	rows := state.NewRows(table, codecs.Int64, codecs.Int64)
	var batch state.Batch
	turn := func() {
		for k := range int64(1000) {
			v, _, _ := rows.Get(k)
			_ = rows.Put(k, v+1)
			if k%10 == 0 {
				_ = rows.Delete(k)
			}
		}
		table.Flush(discard{})
		batch.Reset()
		table.Commit()
		table.Checkpoint(&batch)
	}
	turn()
	require.Zero(t, testing.AllocsPerRun(10, turn))
}
