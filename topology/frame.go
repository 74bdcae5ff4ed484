package topology

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Layout of a value in a repartition topic, version 1 (first byte: version<<4 | kind):
//
//	0x10 | event time, 8 bytes big endian | payload          a record
//	0x11 | event time, 8 bytes big endian                     a record without value
//	0x12 | sub uvarint | task uvarint | tasks uvarint | watermark 8 bytes | input offset 8 bytes | idle 1 byte
const (
	frameRecord    = 0x10
	frameTombstone = 0x11
	frameWatermark = 0x12
)

// Watermark says how far one upstream task is: no record of it with an earlier event time follows.
type Watermark struct {
	Sub, Task, Tasks int
	Time             int64 // stream time minus grace, Unix ms
	InputOffset      int64 // next input offset of the task
	Idle             bool
}

var errFrame = errors.New("topology: malformed frame of a repartition record")

// AppendFrame appends a framed record value; nil is a tombstone.
func AppendFrame(dst []byte, time int64, payload []byte) []byte {
	if payload == nil {
		return binary.BigEndian.AppendUint64(append(dst, frameTombstone), uint64(time))
	}
	dst = binary.BigEndian.AppendUint64(append(dst, frameRecord), uint64(time))
	return append(dst, payload...)
}

// AppendWatermark appends the frame of a watermark.
func AppendWatermark(dst []byte, w Watermark) []byte {
	dst = binary.AppendUvarint(append(dst, frameWatermark), uint64(w.Sub))
	dst = binary.AppendUvarint(dst, uint64(w.Task))
	dst = binary.AppendUvarint(dst, uint64(w.Tasks))
	dst = binary.BigEndian.AppendUint64(dst, uint64(w.Time))
	dst = binary.BigEndian.AppendUint64(dst, uint64(w.InputOffset))
	if w.Idle {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// IsWatermark tells watermarks from records.
func IsWatermark(frame []byte) bool { return len(frame) > 0 && frame[0] == frameWatermark }

// ParseFrame splits a framed record; the payload aliases the frame.
func ParseFrame(frame []byte) (time int64, payload []byte, err error) {
	if len(frame) < 9 || frame[0]>>4 != 1 || frame[0] > frameTombstone {
		return 0, nil, fmt.Errorf("%w: %d bytes", errFrame, len(frame))
	}
	time = int64(binary.BigEndian.Uint64(frame[1:]))
	if frame[0] == frameTombstone {
		return time, nil, nil
	}
	return time, frame[9:], nil
}

// ParseWatermark reads the frame of a watermark.
func ParseWatermark(frame []byte) (w Watermark, err error) {
	if !IsWatermark(frame) {
		return w, errFrame
	}
	rest := frame[1:]
	for _, field := range []*int{&w.Sub, &w.Task, &w.Tasks} {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return w, errFrame
		}
		*field, rest = int(v), rest[n:]
	}
	if len(rest) != 17 {
		return w, errFrame
	}
	w.Time = int64(binary.BigEndian.Uint64(rest))
	w.InputOffset = int64(binary.BigEndian.Uint64(rest[8:]))
	w.Idle = rest[16] == 1
	return w, nil
}
