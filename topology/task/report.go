package task

import (
	"math"

	"github.com/abacus-stream/abacus/state"
)

// CacheStats is what the hot rows of all stores hold, and what was asked of them since the task was built.
func (t *Task) CacheStats() (sum state.Stats) {
	for _, table := range t.cfg.Tables {
		s := table.Stats()
		sum.Hits, sum.Misses, sum.Evictions = sum.Hits+s.Hits, sum.Misses+s.Misses, sum.Evictions+s.Evictions
		sum.Rows, sum.DirtyRows = sum.Rows+s.Rows, sum.DirtyRows+s.DirtyRows
		sum.Bytes, sum.DirtyBytes = sum.Bytes+s.Bytes, sum.DirtyBytes+s.DirtyBytes
	}
	return sum
}

// HeldBy is the source and the partition of the upstream task that holds stream time back: the one with the least watermark,
// or one that has not spoken yet. ok is false where no source has watermarks, or all tasks behind it are idle.
func (t *Task) HeldBy() (source, partition int, ok bool) {
	least := int64(math.MaxInt64)
	for i, q := range t.queues {
		if !q.source.Watermarked {
			continue
		}
		if p, at := t.upstream.slowest(i); at < least {
			source, partition, least = i, p, at
		}
	}
	return source, partition, least < math.MaxInt64
}
