package units

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Quiet says that the stream time of a task stood at StreamTime before it took the event at Offset of the events topic, though
// no event had come so far: the task had been idle. It is a row of the table, the schedule that a recomputation follows.
type Quiet struct {
	Offset     int64
	StreamTime int64 // Unix ms
}

// quietKept is how long the schedule reaches back in stream time, in ms: beyond that the log itself is gone.
const quietKept = 30 * 24 * 3_600_000

func quietKey(offset int64) []byte {
	return binary.BigEndian.AppendUint64([]byte("q|"), uint64(offset))
}

// ParseQuiet reads a row of the table; false for rows of another kind.
func ParseQuiet(key, value []byte) (q Quiet, ok bool, err error) {
	if len(key) != 10 || string(key[:2]) != "q|" {
		return q, false, nil
	}
	in := reader{rest: value}
	in.version()
	q = Quiet{Offset: int64(binary.BigEndian.Uint64(key[2:])), StreamTime: in.int()}
	if in.bad || len(in.rest) > 0 {
		return q, true, fmt.Errorf("units: quiet row %x: %w", key, ErrRow)
	}
	return q, true, nil
}

// listen compares stream time with the events that have come, the one at hand included: what is more came by idleness.
func (p *processor) listen() error {
	now := p.ctx.StreamTime()
	if now <= p.quiet || now <= p.ctx.Heard(p.cfg.Events) {
		return nil
	}
	p.quiet = now
	if err := p.forgetQuiet(now - quietKept); err != nil {
		return err
	}
	offset := max(0, p.ctx.NextOffset(p.cfg.Events))
	p.table.Put(quietKey(offset), binary.AppendVarint([]byte{layout}, now))
	return nil
}

// loadQuiet reads the latest stream time that the table tells of.
func (p *processor) loadQuiet() error {
	p.quiet = math.MinInt64
	var bad error
	err := p.table.Scan(quietKey(0), quietKey(math.MaxInt64), func(key, value []byte) bool {
		var q Quiet
		q, _, bad = ParseQuiet(key, value)
		p.quiet = max(p.quiet, q.StreamTime)
		return bad == nil
	})
	if err != nil {
		return err
	}
	return bad
}

// forgetQuiet deletes the rows of stream times before a limit.
func (p *processor) forgetQuiet(limit int64) error {
	var old [][]byte
	var bad error
	err := p.table.Scan(quietKey(0), quietKey(math.MaxInt64), func(key, value []byte) bool {
		var q Quiet
		q, _, bad = ParseQuiet(key, value)
		if bad != nil || q.StreamTime >= limit {
			return false
		}
		old = append(old, append([]byte(nil), key...))
		return true
	})
	for _, key := range old {
		p.table.Delete(key)
	}
	if err != nil {
		return err
	}
	return bad
}
