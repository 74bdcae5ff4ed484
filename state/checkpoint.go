package state

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

const (
	checkpointVersion = 2
	checkpointHead    = 1 + 8
	checkpointTopic   = 16
	checkpointSum     = 8
)

// Checkpoint says what a store contains. It is written in the same batch as the data.
type Checkpoint struct {
	// ChangelogOffset is the next changelog offset that the store does not contain.
	ChangelogOffset int64
	// Changelog is the id of the topic that the offset is of: one of the same name created later has another. Zero: not known.
	Changelog [16]byte
	// Position is the task's position (input offsets, stream time) as written to the changelog; opaque to this package.
	Position []byte
}

// AppendCheckpoint appends the encoding of c, in the layout of the package doc, to dst.
func AppendCheckpoint(dst []byte, c Checkpoint) []byte {
	start := len(dst)
	dst = append(dst, checkpointVersion)
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.ChangelogOffset))
	dst = append(dst, c.Changelog[:]...)
	dst = append(dst, c.Position...)
	return binary.BigEndian.AppendUint64(dst, xxhash.Sum64(dst[start:]))
}

// ParseCheckpoint reads what AppendCheckpoint wrote, or version 1, which has no topic id. Position is a copy. Errors wrap
// ErrCorrupt.
func ParseCheckpoint(data []byte) (Checkpoint, error) {
	if len(data) < checkpointHead+checkpointSum {
		return Checkpoint{}, fmt.Errorf("checkpoint of %d bytes is cut short: %w", len(data), ErrCorrupt)
	}
	body, sum := data[:len(data)-checkpointSum], data[len(data)-checkpointSum:]
	if xxhash.Sum64(body) != binary.BigEndian.Uint64(sum) {
		return Checkpoint{}, fmt.Errorf("checkpoint fails its checksum: %w", ErrCorrupt)
	}
	c := Checkpoint{ChangelogOffset: int64(binary.BigEndian.Uint64(body[1:checkpointHead]))}
	rest := body[checkpointHead:]
	switch body[0] {
	case 1:
	case checkpointVersion:
		if len(rest) < checkpointTopic {
			return Checkpoint{}, fmt.Errorf("checkpoint of %d bytes is cut short: %w", len(data), ErrCorrupt)
		}
		c.Changelog, rest = [checkpointTopic]byte(rest), rest[checkpointTopic:]
	default:
		return Checkpoint{}, fmt.Errorf("checkpoint has layout %d, this program reads up to %d: %w", body[0], checkpointVersion, ErrCorrupt)
	}
	c.Position = append([]byte{}, rest...)
	return c, nil
}
