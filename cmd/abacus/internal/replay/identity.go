package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// idDigits is the length of a row's id: 128 bits in hexadecimal. maxID is that of an event's.
const (
	idDigits = 32
	maxID    = 64
)

// identity gives every row its id: the hash of experiment, run, cells, and how often the same cells came before.
type identity struct {
	experiment string
	run        int
	seen       map[uint64]uint32 // by the first 64 bits of the hash of the cells
	room       []byte
}

func newIdentity(experiment string, run, rows int) *identity {
	return &identity{experiment: experiment, run: run, seen: make(map[uint64]uint32, rows)}
}

// append appends the id of the row with these cells: idDigits of hexadecimal.
func (i *identity) append(dst []byte, cells []string) []byte {
	b := i.room[:0]
	b = appendSized(b, i.experiment)
	b = binary.AppendUvarint(b, uint64(i.run))
	for _, cell := range cells {
		b = appendSized(b, cell)
	}
	i.room = b
	sum := sha256.Sum256(b)
	content := binary.BigEndian.Uint64(sum[:])
	before := i.seen[content]
	i.seen[content] = before + 1
	if before > 0 {
		b = append(i.room[:0], sum[:]...)
		sum = sha256.Sum256(binary.AppendUvarint(b, uint64(before)))
	}
	return hex.AppendEncode(dst, sum[:idDigits/2])
}

// derive appends the id of the n-th unit that an aggregated row stands for.
func (i *identity) derive(dst []byte, row string, n int64) []byte {
	i.room = binary.AppendVarint(append(i.room[:0], row...), n)
	sum := sha256.Sum256(i.room)
	return hex.AppendEncode(dst, sum[:idDigits/2])
}

func appendSized(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// suffix returns what the ids of a metric's events have after the row's id: its name, or of a name too long for an
// id its beginning and a hash of it.
func suffix(metric string) string {
	const most = maxID - idDigits - 1
	if len(metric) <= most {
		return "." + metric
	}
	h := strconv.FormatUint(xxhash.Sum64String(metric), 36)
	return "." + metric[:most-len(h)-1] + "~" + h
}
