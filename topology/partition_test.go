package topology_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
)

// The partitions that franz-go's default partitioner (kgo.StickyKeyPartitioner, which is Kafka's)
// gives these keys of 1, 3, 8 and a million partitions.
func TestPartitionOfIsKafkasDefault(t *testing.T) {
	for _, c := range []struct {
		key  string
		want [4]int32
	}{
		{"", [4]int32{0, 0, 1, 646681}},
		{"a", [4]int32{0, 1, 4, 102524}},
		{"ab", [4]int32{0, 2, 2, 155434}},
		{"abc", [4]int32{0, 0, 3, 470107}},
		{"abcd", [4]int32{0, 2, 4, 834100}},
		{"21", [4]int32{0, 0, 4, 551340}},
		{"foobar", [4]int32{0, 0, 6, 151166}},
		{"a-little-bit-long-string", [4]int32{0, 2, 0, 502112}},
		{"u42", [4]int32{0, 2, 7, 103655}},
		{"checkout-button", [4]int32{0, 2, 7, 374231}},
		{"żółw", [4]int32{0, 2, 0, 548696}},
		{"\x00\xff\x80", [4]int32{0, 2, 3, 748027}},
		{"01JD2R7Z5W0000000000000000", [4]int32{0, 1, 4, 882524}},
	} {
		for i, n := range []int{1, 3, 8, 1000000} {
			require.Equal(t, c.want[i], topology.PartitionOf([]byte(c.key), n), "%q of %d", c.key, n)
		}
	}
}
