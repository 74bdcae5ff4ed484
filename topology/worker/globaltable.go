package worker

import (
	"slices"
	"sort"

	"github.com/abacus-stream/abacus/topology"
)

// globalTable is what has been read of a global table. A new task begins with its rows, the newest of each key, and then
// follows what is added.
type globalTable struct {
	rows   []globalRow    // ascending, some of them replaced by later ones; a longer one or another takes its place, none is changed
	newest map[string]int // number of the newest row of each key, deletions too
	next   int            // number of the next row
}

// globalRow is a row with its number, in the order in which rows were read.
type globalRow struct {
	topology.GlobalRow
	number int
}

// replacedRows is how many rows that were replaced a table may keep beyond as many as it has keys.
const replacedRows = 100

// add takes a row over; its bytes are copied, as those of a fetch lie in one large piece.
func (t *globalTable) add(row topology.GlobalRow) {
	row.Key, row.Value = slices.Clone(row.Key), slices.Clone(row.Value)
	t.rows = append(t.rows, globalRow{row, t.next})
	t.newest[string(row.Key)] = t.next
	t.next++
	if len(t.rows) > 2*len(t.newest)+replacedRows {
		t.shrink()
	}
}

// shrink leaves out the rows that were replaced. Whoever reads the old ones keeps them.
func (t *globalTable) shrink() {
	rows := make([]globalRow, 0, len(t.newest)+len(t.newest)/2)
	for _, row := range t.rows {
		if t.newest[string(row.Key)] == row.number {
			rows = append(rows, row)
		}
	}
	t.rows = rows
}

// since are the rows from a number on: the newest of each key, and maybe some that they replaced. They are never changed.
func (t *globalTable) since(number int) []globalRow {
	at := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].number >= number })
	return t.rows[at:]
}
