package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/topology"
)

func TestRetractions(t *testing.T) {
	for name, c := range map[string]struct {
		tell func(s *story)
		want figures
	}{
		"takes an event back everywhere": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 1000).buy("2", "u", "2", 1000).retract("r", "u", "1", 2000)
		}, want: figures{a: 1, revenue: 200, bought: 1, orders: 1}},
		"takes its drop back too": {tell: func(s *story) {
			s.expose("x", "u", "A", 1000).buy("1", "u", "1", 0).retract("r", "u", "1", 2000)
		}, want: figures{a: 1}},
		"twice is once": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 1000).retract("r", "u", "1", 2000).retract("q", "u", "1", 2000).retract("r", "u", "1", 2000)
		}, want: figures{a: 1}},
		"case 5: until the last metric has matured": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 1000).tick(64_999).retract("r", "u", "1", 2000)
		}, want: figures{a: 1}},
		"case 5: then it is too late": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 1000).tick(65_000).retract("r", "u", "1", 2000)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1, dead: map[string]int64{"retract_too_late": 1}}},
		"case 6: it waits for its target": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).retract("r", "u", "1", 2000).tick(6999).buy("1", "u", "1", 1000)
		}, want: figures{a: 1}},
		"case 6: until its own ts + grace": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).retract("r", "u", "1", 2000).tick(7000).buy("1", "u", "1", 1000)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1, dead: map[string]int64{"retract_too_late": 1}}},
		"case 7: not of an exposure, not of a retraction": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).retract("r", "u", "x", 0).buy("1", "u", "1", 0).retract("q", "u", "1", 0).retract("p", "u", "q", 0)
		}, want: figures{a: 1, dead: map[string]int64{"bad_ref": 2}}},
		"case 7: without ref": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).put("retract", "r", "u", 0)
		}, want: figures{a: 1, dead: map[string]int64{"bad_ref": 1}}},
		"never of a unit that is not exposed": {tell: func(s *story) {
			s.buy("1", "u", "1", 0).tick(90_000).retract("r", "u", "1", 1000).expose("x", "u", "A", 80_000)
		}, want: figures{a: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, checkout())
			c.tell(s)
			s.want(c.want)
		})
	}
}

func TestMaturity(t *testing.T) {
	s := tell(t, checkout())
	s.expose("x", "u", "A", 0).buy("1", "u", "1", 1000).expose("y", "w", "A", 10_000).tick(64_999)
	require.Zero(t, s.expected().Matured["revenue"]["A"].N)
	s.tick(65_000).buy("2", "u", "2", 59_000)
	x := s.expected()
	require.Equal(t, int64(1), x.Matured["revenue"]["A"].N)
	require.Equal(t, int64(100), x.Matured["revenue"]["A"].S.Int64(), "as it was then")
	require.Equal(t, int64(300), x.Live["revenue"]["A"].S.Int64(), "case 8: a late conversion adds to live")
	require.Equal(t, int64(50_000), x.Live["revenue"]["A"].SS.Int64()-40_000, "300^2 and 0^2")
	require.Equal(t, int64(2), x.Corrections, "revenue and orders, bought was 1 already")
}

func TestEarlierExposureAfterMaturityMovesNothing(t *testing.T) {
	s := tell(t, checkout(first))
	s.expose("x", "u", "A", 10_000).buy("1", "u", "1", 69_000).tick(75_000).expose("w", "u", "B", 5000)
	s.want(figures{a: 1, revenue: 100, bought: 1, orders: 1, corrected: 1, dropped: map[string]int64{"multiple_variants": 1}})
}

func TestEndOfInputMaturesAll(t *testing.T) {
	s := tell(t, checkout(func(d *experiment.Definition) {
		for i := range d.Metrics {
			d.Metrics[i].Window = experiment.Unlimited
		}
	}))
	s.expose("x", "u", "A", 0).buy("1", "u", "1", 4_000_000_000)
	require.Zero(t, s.expected().Matured["revenue"]["A"].N)
	s.put("abacus.end_of_input", "end", "", 4_000_001_000, more{"experiment": "checkout"})
	x := s.expected()
	require.Equal(t, int64(1), x.Matured["revenue"]["A"].N)
	require.Equal(t, int64(100), x.Matured["revenue"]["A"].S.Int64())
	require.Empty(t, s.verifier().DeadLetters())
}

func TestLateEventsAreCountedOnce(t *testing.T) {
	s := tell(t, checkout())
	s.expose("x", "u", "A", 100_000).tick(165_000).buy("1", "u", "1", 0)
	s.want(figures{a: 1, dropped: map[string]int64{"before_exposure": 1}})
	s.tick(165_001).buy("2", "u", "1", 0).buy("2", "u", "1", 0)
	s.want(figures{a: 1, dropped: map[string]int64{"before_exposure": 1, "late": 1}})
}

func TestUnknownExperimentWaits(t *testing.T) {
	s := tell(t, checkout())
	s.put("exposure", "x", "u", 0, more{"experiment": "other", "variant": "A"}).put("exposure", "x", "u", 0, more{"experiment": "other", "variant": "A"})
	require.Empty(t, s.tick(4999).verifier().DeadLetters())
	require.Equal(t, map[string]int64{"unknown_experiment": 1}, s.tick(5000).verifier().DeadLetters(), "case 14: one an id")
}

func TestAdoption(t *testing.T) {
	build := func(offset int64) *story {
		s := tell(t, checkout())
		s.in.Adoptions = []verify.Adoption{{Experiment: "checkout", Run: 1, Version: 1, Partition: 0, Offset: offset}}
		return s.expose("x", "u", "A", 0).buy("1", "u", "1", 100).expose("y", "w", "B", 200).buy("2", "u", "2", 300)
	}
	build(0).want(figures{a: 1, b: 1, revenue: 300, bought: 1, orders: 2})
	build(1).want(figures{a: 1, b: 1, revenue: 300, bought: 1, orders: 2})
	build(3).want(figures{a: 1, b: 1, revenue: 200, bought: 1, orders: 1})
	build(9).want(figures{})
	s := build(3)
	s.records = nil
	s.next = map[int32]int64{}
	s.expose("x", "u", "A", 0).tick(5000).tick(5001).expose("y", "u", "A", 200).want(figures{a: 1, dead: map[string]int64{"unknown_experiment": 1}})
}

func TestNewerVersionOpensAnEpoch(t *testing.T) {
	d := checkout()
	s := tell(t, d)
	d.Variants = experiment.Variants{{Name: "A", Weight: 1}, {Name: "B", Weight: 9}}
	s.in.Entries[0].Versions = append(s.in.Entries[0].Versions, experiment.Version{Version: 2, Effective: base + 10_000, Definition: d})
	s.expose("x", "u", "A", 0).expose("y", "v", "A", 10_000).expose("z", "w", "A", 9000, more{"config_version": 2}).expose("q", "q", "A", 11_000, more{"config_version": 7})
	require.Equal(t, int64(4), s.expected().Units["A"])
	weights := map[string]any{}
	for _, difference := range s.verifier().CompareStats(s.published()) {
		weights[difference.Field] = difference
	}
	require.Empty(t, weights)
}

func TestForwardedRecordsCountOnce(t *testing.T) {
	s := tell(t, checkout())
	s.in.Partitions = 4
	own := topology.PartitionOf([]byte("u"), 4)
	other := (own + 1) % 4
	s.expose("x", "u", "A", 0)
	s.raw(other, base+100, `{"id":"1","type":"buy","unit":"u","value":1,"ts":1790000040100}`)
	s.raw(other, base+200, `{"id":"1","type":"buy","unit":"u","value":1,"ts":1790000040100}`)
	s.want(figures{a: 1, revenue: 100, bought: 1, orders: 1})
	s.raw(other, base+300, `{"id":"2","type":"tick","unit":"u","ts":1790000060000}`)
	s.buy("2", "u", "1", 1000).put("exposure", "z", "u", 900, more{"experiment": "checkout", "variant": "B"})
	s.want(figures{excluded: 1})
}

func TestForwardedRecordsDoNotMoveTimeOfTheirOwner(t *testing.T) {
	s := tell(t, checkout())
	s.in.Partitions = 4
	own := topology.PartitionOf([]byte("u"), 4)
	s.buy("1", "u", "1", 2000)
	s.raw((own+1)%4, base+60_000, `{"id":"2","type":"buy","unit":"u","value":1,"ts":1790000100000}`)
	s.expose("x", "u", "A", 1000)
	require.Zero(t, s.expected().Dropped["no_exposure"])
}
