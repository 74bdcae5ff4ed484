package task

import (
	"encoding/binary"
	"errors"
)

var positionKey = []byte("p")

// Position is where a task is: what the state reflects. It is written to the task store's
// changelog in every transaction and kept in each store's checkpoint.
type Position struct {
	StreamTime int64
	Watermark  int64 // last one sent
	Idle       bool  // as last sent
	Inputs     []InputPosition
}

// InputPosition is the position in one source topic.
type InputPosition struct {
	Topic    string
	Next     int64 // offset after the last processed record, -1 before the first
	Greatest int64 // greatest event time
}

var errPosition = errors.New("malformed position row")

// AppendPosition appends the encoding, version 1: 1 | stream 8 | watermark 8 | idle 1 |
// then for each input: topic length 2, topic, next 8, greatest 8. Numbers are big endian.
func AppendPosition(dst []byte, p Position) []byte {
	be := binary.BigEndian
	dst = be.AppendUint64(append(dst, 1), uint64(p.StreamTime))
	dst = be.AppendUint64(dst, uint64(p.Watermark))
	if p.Idle {
		dst = append(dst, 1)
	} else {
		dst = append(dst, 0)
	}
	for _, in := range p.Inputs {
		dst = be.AppendUint16(dst, uint16(len(in.Topic)))
		dst = append(dst, in.Topic...)
		dst = be.AppendUint64(dst, uint64(in.Next))
		dst = be.AppendUint64(dst, uint64(in.Greatest))
	}
	return dst
}

// ParsePosition reads a position row.
func ParsePosition(row []byte) (p Position, err error) {
	be := binary.BigEndian
	if len(row) < 18 || row[0] != 1 {
		return p, errPosition
	}
	p.StreamTime, p.Watermark, p.Idle = int64(be.Uint64(row[1:])), int64(be.Uint64(row[9:])), row[17] == 1
	for row = row[18:]; len(row) > 0; {
		n := 2
		if len(row) >= 2 {
			n += int(be.Uint16(row))
		}
		if len(row) < n+16 {
			return p, errPosition
		}
		p.Inputs = append(p.Inputs, InputPosition{
			Topic: string(row[2:n]), Next: int64(be.Uint64(row[n:])), Greatest: int64(be.Uint64(row[n+8:])),
		})
		row = row[n+16:]
	}
	return p, nil
}

// Position is the task's present position.
func (t *Task) Position() Position {
	p := Position{StreamTime: t.clock.stream, Watermark: t.clock.sent, Idle: t.clock.sentIdle}
	for _, q := range t.queues {
		p.Inputs = append(p.Inputs, InputPosition{Topic: q.source.Topic, Next: q.next, Greatest: q.greatest})
	}
	return p
}

// PositionKey is the key of the position row in the task store.
func PositionKey() []byte { return positionKey }
