package memory

import (
	"bytes"
	"sync"

	"github.com/RaduBerinde/btreemap"
	"github.com/abacus-stream/abacus/state"
)

// degree of the B-trees: up to 63 rows a node.
const degree = 32

// DB stands for a disk: its stores keep their rows when they are closed and opened again. Safe for concurrent use.
type DB struct {
	mu     sync.Mutex
	stores map[string]*rows
}

// New makes an empty DB.
func New() *DB { return &DB{stores: map[string]*rows{}} }

// Store opens the store of a name; rows written under the name before are there.
func (db *DB) Store(name string) state.Store {
	db.mu.Lock()
	defer db.mu.Unlock()
	r := db.stores[name]
	if r == nil {
		r = &rows{tree: newTree()}
		db.stores[name] = r
	}
	return &store{rows: r}
}

// Copy gives a DB with the rows of now: what a process that is killed leaves behind, whatever it writes afterwards.
func (db *DB) Copy() *DB {
	db.mu.Lock()
	defer db.mu.Unlock()
	c := New()
	for name, r := range db.stores {
		c.stores[name] = r.copy()
	}
	return c
}

type tree = btreemap.BTreeMap[[]byte, []byte]

func newTree() *tree { return btreemap.New[[]byte, []byte](degree, bytes.Compare) }

// rows is what the stores of one name share. Keys and values in the tree are never changed, only replaced.
type rows struct {
	mu         sync.Mutex
	tree       *tree
	checkpoint []byte // encoded; empty for none
}

func (r *rows) copy() *rows {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &rows{tree: r.tree.Clone(), checkpoint: bytes.Clone(r.checkpoint)}
}
