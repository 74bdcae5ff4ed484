package processors

import (
	"encoding/binary"

	"github.com/abacus-stream/abacus/topology"
)

// appendHeaders appends the headers of a record that is kept: their number, then for each its key and
// its value, one byte longer than it is, so that a value of nil has no length.
func appendHeaders(dst []byte, headers []topology.Header) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(headers)))
	for _, h := range headers {
		dst = appendBytes(dst, []byte(h.Key))
		if h.Value == nil {
			dst = append(dst, 0)
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(len(h.Value))+1)
		dst = append(append(dst, 0), h.Value...)
	}
	return dst
}

// cutHeaders reads what appendHeaders wrote; values alias row.
func cutHeaders(dst []topology.Header, row []byte) (headers []topology.Header, rest []byte, err error) {
	n, width := binary.Uvarint(row)
	if width <= 0 {
		return dst, nil, errRow
	}
	for rest = row[width:]; n > 0; n-- {
		var key, value []byte
		if key, rest, err = tryCutBytes(rest); err != nil {
			return dst, nil, err
		}
		if value, rest, err = tryCutBytes(rest); err != nil {
			return dst, nil, err
		}
		h := topology.Header{Key: string(key)}
		if len(value) > 0 {
			h.Value = value[1:]
		}
		dst = append(dst, h)
	}
	return dst, rest, nil
}

// tryCutBytes splits what appendBytes wrote, of a row that may be malformed.
func tryCutBytes(list []byte) (first, rest []byte, err error) {
	n, width := binary.Uvarint(list)
	if width <= 0 || n > uint64(len(list)-width) {
		return nil, nil, errRow
	}
	first, rest = cutBytes(list)
	return first, rest, nil
}
