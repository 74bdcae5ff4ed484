package state_test

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
)

// printed is a changelog on the terminal.
type printed struct{}

func (printed) Append(store int, key, value []byte) {
	fmt.Printf("changelog of store %d: %s, %d bytes\n", store, key, len(value))
}

// A commit: the changelog first, the store after the transaction.
func Example() {
	store := memory.New().Store("0_1/counts")
	table := state.NewTable("counts", 0, store, 0)
	counts := state.NewRows(table, codecs.String, codecs.Int64)
	for _, unit := range []string{"bob", "ann", "bob"} {
		n, _, _ := counts.Get(unit)
		_ = counts.Put(unit, n+1)
	}

	table.Flush(printed{})
	var batch state.Batch
	table.Commit()
	table.Checkpoint(&batch)
	batch.SetCheckpoint(state.Checkpoint{ChangelogOffset: 2})
	_ = store.Apply(&batch)

	at, _, _ := store.Checkpoint()
	bob, _, _ := counts.Get("bob")
	fmt.Printf("bob %d, replay from %d\n", bob, at.ChangelogOffset)
	// Output:
	// changelog of store 0: bob, 8 bytes
	// changelog of store 0: ann, 8 bytes
	// bob 2, replay from 2
}
