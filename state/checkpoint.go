package state

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

const (
	checkpointVersion = 3
	checkpointHead    = 1 + 8
	checkpointTopic   = 16
	checkpointTime    = 8
	checkpointSum     = 8
)

// Checkpoint says what a store contains. It is written in the same batch as the data.
type Checkpoint struct {
	// ChangelogOffset is the next changelog offset that the store does not contain.
	ChangelogOffset int64
	// Changelog is the id of the topic that the offset is of: one of the same name created later has another. Zero: not known.
	Changelog [16]byte
	// AsOf is a wall time, Unix ms: each row of the store was in the changelog then, or later. 0: not known.
	AsOf int64
}

// AppendCheckpoint appends the encoding of c, in the layout of the package doc, to dst.
func AppendCheckpoint(dst []byte, c Checkpoint) []byte {
	start := len(dst)
	dst = append(dst, checkpointVersion)
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.ChangelogOffset))
	dst = append(dst, c.Changelog[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.AsOf))
	return binary.BigEndian.AppendUint64(dst, xxhash.Sum64(dst[start:]))
}

// ParseCheckpoint reads what AppendCheckpoint wrote, or version 2, which has no time, or 1, which has no topic id either.
// Errors wrap ErrCorrupt.
func ParseCheckpoint(data []byte) (Checkpoint, error) {
	if len(data) < checkpointHead+checkpointSum {
		return Checkpoint{}, fmt.Errorf("checkpoint of %d bytes is cut short: %w", len(data), ErrCorrupt)
	}
	body, sum := data[:len(data)-checkpointSum], data[len(data)-checkpointSum:]
	if xxhash.Sum64(body) != binary.BigEndian.Uint64(sum) {
		return Checkpoint{}, fmt.Errorf("checkpoint fails its checksum: %w", ErrCorrupt)
	}
	c := Checkpoint{ChangelogOffset: int64(binary.BigEndian.Uint64(body[1:checkpointHead]))}
	version, rest := body[0], body[checkpointHead:]
	least, known := map[byte]int{1: 0, 2: checkpointTopic, checkpointVersion: checkpointTopic + checkpointTime}[version]
	switch {
	case !known:
		return Checkpoint{}, fmt.Errorf("checkpoint has layout %d, this program reads up to %d: %w", version, checkpointVersion, ErrCorrupt)
	case len(rest) < least || version == checkpointVersion && len(rest) > least:
		return Checkpoint{}, fmt.Errorf("checkpoint of layout %d has %d bytes: %w", version, len(data), ErrCorrupt)
	}
	if version >= 2 {
		c.Changelog = [checkpointTopic]byte(rest)
	}
	if version >= 3 {
		c.AsOf = int64(binary.BigEndian.Uint64(rest[checkpointTopic:]))
	}
	return c, nil
}
