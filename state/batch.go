package state

import "encoding/binary"

// Change is the kind of one change in a Batch.
type Change byte

// The changes of a Batch.
const (
	ChangePut         Change = iota + 1 // key and value
	ChangeDelete                        // key
	ChangeDeleteRange                   // from and to; an empty bound is open
)

// Batch collects changes of one store in flat bytes, to be applied at once. The zero Batch is ready; after Reset its memory
// is used again.
type Batch struct {
	changes    []byte // each: kind, uvarint len, bytes, uvarint len, bytes
	count      int
	checkpoint []byte // encoded; empty for none
	turns      []turn // scratch of EachByKey
}

// Put sets the value of a key. The bytes are copied; a nil value is stored as an empty one.
func (b *Batch) Put(key, value []byte) { b.add(ChangePut, key, value) }

// Delete removes a key; one that is absent is no error.
func (b *Batch) Delete(key []byte) { b.add(ChangeDelete, key, nil) }

// DeleteRange removes the keys from <= key < to; an empty bound is open.
func (b *Batch) DeleteRange(from, to []byte) { b.add(ChangeDeleteRange, from, to) }

// SetCheckpoint makes c the checkpoint that the batch writes; the last call wins.
func (b *Batch) SetCheckpoint(c Checkpoint) {
	b.checkpoint = AppendCheckpoint(b.checkpoint[:0], c)
}

// Checkpoint returns the encoded checkpoint, valid until the next change of the batch; empty when none was set.
func (b *Batch) Checkpoint() []byte { return b.checkpoint }

// Len is the number of changes, the checkpoint not counted.
func (b *Batch) Len() int { return b.count }

// Bytes is the size of the changes and the checkpoint in bytes.
func (b *Batch) Bytes() int { return len(b.changes) + len(b.checkpoint) }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.changes, b.checkpoint, b.count = b.changes[:0], b.checkpoint[:0], 0
}

// Each hands every change to visit, in order, and stops at the first error, which it returns. The meaning of first and second
// is that of the kind; the bytes are valid until the next change of the batch.
func (b *Batch) Each(visit func(kind Change, first, second []byte) error) error {
	for at := 0; at < len(b.changes); {
		kind, first, second, next := b.change(at)
		if err := visit(kind, first, second); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// change reads the one at a place, and where the next one is.
func (b *Batch) change(at int) (kind Change, first, second []byte, next int) {
	first, rest := cutBytes(b.changes[at+1:])
	second, rest = cutBytes(rest)
	return Change(b.changes[at]), first, second, len(b.changes) - len(rest)
}

func (b *Batch) add(kind Change, first, second []byte) {
	b.changes = append(b.changes, byte(kind))
	b.changes = appendBytes(b.changes, first)
	b.changes = appendBytes(b.changes, second)
	b.count++
}

func appendBytes(dst, data []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	return append(dst, data...)
}

// cutBytes undoes appendBytes: the bytes and what follows them.
func cutBytes(data []byte) (head, rest []byte) {
	n, width := binary.Uvarint(data)
	end := width + int(n)
	return data[width:end:end], data[end:]
}
