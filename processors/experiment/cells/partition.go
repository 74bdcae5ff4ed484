package cells

import (
	"bytes"

	"github.com/abacus-stream/abacus/topology"
)

// PartitionByExperiment is the partitioner of the stats topic: Kafka's default one over the part of the key
// before the first '|', so that all records of an experiment are in one partition.
func PartitionByExperiment(key []byte, n int) int32 {
	if at := bytes.IndexByte(key, '|'); at >= 0 {
		key = key[:at]
	}
	return topology.PartitionOf(key, n)
}
