// Package state keeps what a task remembers: ordered rows of bytes in an engine, a cache of the hot ones, and the
// way of every change through the changelog into the engine.
//
// # The life of a change
//
//	Rows.Put (rows.go)      encodes key and value into scratch buffers
//	Table.Put (table.go)    writes the row into the cache and marks it dirty
//	Table.Flush             hands one change a dirty row to Log, in first-dirtied order: the changelog
//	Table.Commit            after the transaction committed: the rows are ahead of the engine now, and stay in the cache
//	Table.Checkpoint        every few seconds: the rows ahead, each once, into a Batch, clean from here on
//	Store.Apply (store.go)  the batch and its Checkpoint into the engine, as one
//
// Invariant (log first): a change is in the changelog before it is in the store. A store is therefore never ahead of
// the log, and a restart opens it, reads its Checkpoint and replays the changelog from there (Table.Restore).
//
// # Layouts
//
// Every layout begins with its version; readers accept the versions before theirs too.
//
// Checkpoint, version 3, integers big endian (checkpoint.go):
//
//	byte    version = 3
//	int64   changelog offset: the first one the store does not contain
//	[16]    id of the changelog topic, zero where it is not known; version 1 does not have it
//	int64   wall time, Unix ms, as of which its rows were in the changelog; versions 1 and 2 do not have it
//	bytes   versions 1 and 2 alone: a position, which nobody reads, to the checksum
//	uint64  xxhash64 of all bytes before it
//
// Rows of Versions, integers big endian, times with their sign bit flipped (versions.go):
//
//	n | key                              the newest version
//	h | uvarint length | key | end 8     an older one, by the time at which it ended
//	    1 | kind 1 | begin 8 | value     of both: kind 1 a value, 0 a deletion; begin as it is
//	e | start of a stretch 8 | key       versions of the key ended in that stretch of time, an eighth of the retention: 1
//
// Trim, the row that says below which key a table has none (trim.go):
//
//	00 "trim"                            that key
//
// Other rows have no layout of their own: keys and values are the bytes that were put, the same in the engine and in the
// changelog. What the engines add around them is in their package docs. Batch and Cache are never on a disk.
package state
