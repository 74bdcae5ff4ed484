package check

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
)

// cut is the part of the log that was there at a time, Unix ms: of the events all before an offset of each partition, as
// the broker stamps them when it appends; of other topics what was appended by then. Time 0 is all there is.
type cut struct {
	at   int64
	ends kadm.ListedOffsets // of the events topic
}

// find sets the ends of the events.
func (c *cut) find(ctx context.Context, r *logs.Reader, events string) (err error) {
	if c.at > 0 {
		c.ends, err = r.EndsAt(ctx, events, c.at)
		return err
	}
	if c.ends, err = r.Admin().ListCommittedOffsets(ctx, events); err == nil {
		err = c.ends.Error()
	}
	if err != nil {
		return fmt.Errorf("end of %s: %w", events, err)
	}
	return nil
}

// holds says whether a record of a topic other than the events was there.
func (c *cut) holds(rec *kgo.Record) bool { return c.at == 0 || rec.Timestamp.UnixMilli() <= c.at }

// decided says whether a task had decided something by the cut: before it took an event of the cut, or, of what it decided
// before the first event after it, by the time.
func (c *cut) decided(events string, rec *kgo.Record, offset int64) bool {
	if c.at == 0 {
		return true
	}
	end := c.ends[events][rec.Partition].Offset
	offset = max(offset, 0) // -1 is before the first event there is
	return offset < end || offset == end && c.holds(rec)
}
