package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

func (s *story) call(id, unit, variant, value string, at int64, extra ...more) *story {
	return s.put("api", id, unit, at, append([]more{{"experiment": "ranker", "variant": variant, "value": value}}, extra...)...)
}

func TestTaggedEventsCountAsTheyCome(t *testing.T) {
	s := tell(t, ranker())
	s.call("1", "", "A", "1.5", 0).call("1", "", "A", "1.5", 0) // case 30
	s.call("2", "u", "A", "2.25", 1000, more{"props": more{"slow": true}})
	s.put("api", "3", "", 1000, more{"experiment": "ranker", "variant": "B"})
	s.put("other", "4", "", 1000, more{"experiment": "ranker", "variant": "B"})
	s.call("5", "", "A", "1", -1)
	x := s.verifier().Expected()["ranker"]
	require.Equal(t, map[string]int64{"A": 3, "B": 2}, x.Units)
	require.Equal(t, int64(3), x.Live["latency"]["A"].N, "case 27: of a mean its own events")
	require.Equal(t, int64(15+15+22), x.Live["latency"]["A"].S.Int64())
	require.Equal(t, int64(1), x.Live["slow"]["A"].S.Int64())
	require.Zero(t, x.Live["latency"]["B"].N)
	require.Equal(t, map[string]int64{"rounded": 1, "no_value": 1, "before_start": 1}, x.Dropped)
	require.Zero(t, x.Excluded)
	require.Empty(t, s.verifier().DeadLetters())
}

func TestTags(t *testing.T) {
	both := checkout(func(d *experiment.Definition) { d.Metrics[2].Event = "api" })
	s := tell(t, both, ranker())
	s.expose("x", "u", "A", 0)
	s.call("1", "u", "A", "1", 1)                                                       // case 28: counts only for ranker
	s.put("api", "2", "u", 2, more{"experiment": "checkout", "variant": "B"})           // a tag on a user experiment is ignored
	s.put("api", "3", "u", 3, more{"experiment": "nowhere", "variant": "B"})            // case 29: an ordinary metric event
	s.put("api", "4", "", 4, more{"experiment": "checkout", "variant": "A"})            // no unit
	s.put("api", "5", "", 5, more{"experiment": "nowhere", "variant": "A"}).tick(10000) // waits, then
	s.call("6", "", "C", "1", 6)
	s.put("exposure", "7", "u", 7, more{"experiment": "ranker", "variant": "A"})
	v := s.verifier()
	require.Equal(t, int64(1), v.Expected()["ranker"].Units["A"])
	require.Equal(t, int64(2), v.Expected()["checkout"].Live["orders"]["A"].S.Int64())
	require.Equal(t, map[string]int64{"no_unit": 1, "unknown_experiment": 2, "unknown_variant": 1}, v.DeadLetters())
}

func TestTaggedEventsStayInTheirPartition(t *testing.T) {
	s := tell(t, ranker())
	s.in.Partitions = 4
	for partition := range int32(4) {
		s.raw(partition, base, `{"id":"1","type":"api","unit":"u","experiment":"ranker","variant":"A","value":1,"ts":1790000040000}`)
	}
	require.Equal(t, int64(4), s.verifier().Expected()["ranker"].Units["A"])
}
