package topology

import "fmt"

// Record is one typed record on its way through the graph. A node reuses its
// Record: a receiver that keeps one copies it.
type Record[K, V any] struct {
	Key     K
	Value   V
	Time    int64 // event time, Unix ms
	Headers []Header
	// Tombstone says that the record deletes what its key stood for; Value is the zero V then.
	Tombstone bool
	// Keyless says that the record has no key; Key is the zero K then. Tables, aggregates and joins pass over it and count it.
	Keyless bool
}

// Header is a record header.
type Header struct {
	Key   string
	Value []byte
}

// Source says where the record being processed came from, and holds it as it
// was read. The bytes are valid while the record is processed.
type Source struct {
	Topic     string
	Partition int32
	Offset    int64
	Appended  int64 // the record's timestamp in Unix ms: of the producer, or by message.timestamp.type=LogAppendTime of the broker
	Time      int64 // event time that the frame of a repartition topic carries; else that of Appended
	Key       []byte
	Value     []byte
	Headers   []Header
}

// String is the form of the abacus.source header: topic/partition/offset.
func (s *Source) String() string {
	return fmt.Sprintf("%s/%d/%d", s.Topic, s.Partition, s.Offset)
}

// Header gives the value of a header, nil when it is absent.
func (s *Source) Header(key string) []byte {
	for i := range s.Headers {
		if s.Headers[i].Key == key {
			return s.Headers[i].Value
		}
	}
	return nil
}

// TaskID names a task: sub-topology and partition, printed as 0_3.
type TaskID struct {
	Sub       int
	Partition int32
}

// String gives the id as Kafka Streams prints it.
func (id TaskID) String() string { return fmt.Sprintf("%d_%d", id.Sub, id.Partition) }
