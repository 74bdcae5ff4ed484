package worker

import "github.com/twmb/franz-go/pkg/kgo"

// spare is the memory of records that are done with, for those of the next fetch of the same reader. One goroutine.
type spare struct {
	records [][]kgo.Record
	bytes   [][]byte
}

// GetRecords gives a slice of that capacity.
func (s *spare) GetRecords(n int) []kgo.Record {
	if last := len(s.records) - 1; last >= 0 {
		got := s.records[last]
		if s.records = s.records[:last]; cap(got) >= n {
			return got
		}
	}
	return make([]kgo.Record, n)
}

// PutRecords takes one back.
func (s *spare) PutRecords(r []kgo.Record) { s.records = append(s.records, r) }

// GetDecompressBytes gives room for a batch.
func (s *spare) GetDecompressBytes(compressed []byte, _ kgo.CompressionCodecType) []byte {
	if last := len(s.bytes) - 1; last >= 0 {
		got := s.bytes[last]
		s.bytes = s.bytes[:last]
		return got
	}
	return make([]byte, 0, 3*len(compressed))
}

// PutDecompressBytes takes it back, grown where it had to be.
func (s *spare) PutDecompressBytes(b []byte) { s.bytes = append(s.bytes, b) }
