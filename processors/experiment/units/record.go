package units

import (
	"encoding/binary"
	"fmt"

	"github.com/abacus-stream/abacus/topology"
)

// appendRecord makes the value of a row that keeps a record as it was read: when it is given up, the group it belongs to, and all of it.
func appendRecord(due int64, group uint64, src *topology.Source) []byte {
	dst := binary.BigEndian.AppendUint64([]byte{layout}, uint64(due))
	dst = binary.BigEndian.AppendUint64(dst, group)
	dst = binary.AppendVarint(dst, src.Appended)
	dst = binary.AppendVarint(dst, src.Offset)
	dst = binary.AppendUvarint(dst, uint64(src.Partition))
	dst = appendText(dst, []byte(src.Topic))
	dst = appendOptional(dst, src.Key)
	dst = appendOptional(dst, src.Value)
	dst = binary.AppendUvarint(dst, uint64(len(src.Headers)))
	for _, h := range src.Headers {
		dst = appendText(appendText(dst, []byte(h.Key)), h.Value)
	}
	return dst
}

func appendOptional(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 0)
	}
	return append(binary.AppendUvarint(dst, uint64(len(b)+1)), b...)
}

// recordGroup reads the group of a kept record.
func recordGroup(value []byte) uint64 {
	in := reader{rest: value}
	in.version()
	in.uint64()
	return in.uint64()
}

// parseRecord reads a kept record; the source is a copy of its own.
func parseRecord(value []byte) (*topology.Source, error) {
	in := reader{rest: append([]byte(nil), value...)}
	in.version()
	in.uint64()
	in.uint64()
	src := &topology.Source{Appended: in.int(), Offset: in.int(), Partition: int32(in.count()), Topic: string(in.text())}
	src.Time = src.Appended
	src.Key, src.Value = in.optional(), in.optional()
	for n := in.count(); n > 0 && !in.bad; n-- {
		src.Headers = append(src.Headers, topology.Header{Key: string(in.text()), Value: in.text()})
	}
	if in.bad || len(in.rest) > 0 {
		return nil, fmt.Errorf("units: kept record of %d bytes: %w", len(value), ErrRow)
	}
	return src, nil
}
