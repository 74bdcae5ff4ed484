package state

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

const (
	checkpointVersion = 1
	checkpointHead    = 1 + 8
	checkpointSum     = 8
)

// Checkpoint says what a store contains. It is written in the same batch as the data.
type Checkpoint struct {
	// ChangelogOffset is the next changelog offset that the store does not contain.
	ChangelogOffset int64
	// Position is the task's position (input offsets, stream time) as written to the changelog; opaque to this package.
	Position []byte
}

// AppendCheckpoint appends the encoding of c, in the layout of the package doc, to dst.
func AppendCheckpoint(dst []byte, c Checkpoint) []byte {
	start := len(dst)
	dst = append(dst, checkpointVersion)
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.ChangelogOffset))
	dst = append(dst, c.Position...)
	return binary.BigEndian.AppendUint64(dst, xxhash.Sum64(dst[start:]))
}

// ParseCheckpoint reads what AppendCheckpoint wrote. Position is a copy. Errors wrap ErrCorrupt.
func ParseCheckpoint(data []byte) (Checkpoint, error) {
	if len(data) < checkpointHead+checkpointSum {
		return Checkpoint{}, fmt.Errorf("checkpoint of %d bytes is cut short: %w", len(data), ErrCorrupt)
	}
	body, sum := data[:len(data)-checkpointSum], data[len(data)-checkpointSum:]
	if xxhash.Sum64(body) != binary.BigEndian.Uint64(sum) {
		return Checkpoint{}, fmt.Errorf("checkpoint fails its checksum: %w", ErrCorrupt)
	}
	if body[0] != checkpointVersion {
		return Checkpoint{}, fmt.Errorf("checkpoint has layout %d, this program reads %d: %w", body[0], checkpointVersion, ErrCorrupt)
	}
	return Checkpoint{
		ChangelogOffset: int64(binary.BigEndian.Uint64(body[1:checkpointHead])),
		Position:        append([]byte{}, body[checkpointHead:]...),
	}, nil
}
