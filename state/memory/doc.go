// Package memory is the engine that keeps stores in memory: for tests, simulations and state that may be rebuilt from its
// changelog at every start. It starts no goroutine and has no package-level state, so it works inside a
// testing/synctest bubble.
//
// Layout: none on a disk. A store is a B-tree of keys and values, beside the checkpoint in the encoding of package state.
package memory
