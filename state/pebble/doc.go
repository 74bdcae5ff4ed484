// Package pebble is the engine that keeps stores on disk: one Pebble a process, all stores in it. Writes go to its
// write-ahead log without sync: the changelog is the durability, and after a crash the engine holds a prefix of the
// applied batches, each whole, so a store's checkpoint is true whatever was lost.
//
// Files that are torn or missing make Open fail with state.ErrCorrupt, those found later are remembered for the next Open;
// Disk.OpenEmpty begins anew. A disk that takes no more makes every call fail with ErrFailed.
//
// # Layout, version 1
//
//	00                                   the layout's version: one byte, 1
//	01 uvarint(len(prefix)) prefix 00    checkpoint, in the encoding of package state
//	01 uvarint(len(prefix)) prefix 01 key    row: its value
//	02 number, 8 bytes                   the last batch; a second one says that batches between are missing
//
// The prefix is the one given to DB.Store. Its length comes first, so no store's keys begin with those of another.
package pebble
