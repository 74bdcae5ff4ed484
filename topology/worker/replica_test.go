package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
)

// changes are a changelog as a fetch gives it.
type changes []*kgo.Record

func (c *changes) Append(_ int, key, value []byte) {
	rec := &kgo.Record{Key: append([]byte(nil), key...), Offset: int64(len(*c))}
	if value != nil {
		rec.Value = append([]byte{}, value...)
	}
	*c = append(*c, rec)
}

// A copy loses what the table has trimmed, and a read of it sees no more than one of the table.
func TestACopyTrimsAsItsTableDoes(t *testing.T) {
	db := memory.New()
	table := state.NewTable("windows", 0, db.Store("active"), 1<<20)
	var log changes
	table.Put([]byte("a1"), []byte("old"))
	table.Put([]byte("b1"), []byte("kept"))
	table.Flush(&log)
	table.Commit()
	table.Trim([]byte("b"))
	table.Put([]byte("c1"), []byte("new"))
	table.Flush(&log)
	copied := db.Store("standby")
	r := &replica{of: &standby{}, store: copied, limit: unlimited}
	require.NoError(t, r.take(&state.Batch{}, log))
	v := state.StandbyView(copied, 0)
	for _, scan := range []func(from, to []byte, visit func(key, value []byte) bool) error{v.Scan, v.ScanBack} {
		rows := map[string]string{}
		require.NoError(t, scan(nil, nil, func(key, value []byte) bool {
			rows[string(key)] = string(value)
			return true
		}))
		require.Equal(t, map[string]string{"b1": "kept", "c1": "new"}, rows)
	}
}
