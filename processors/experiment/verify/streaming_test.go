package verify_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// engine runs the story through the streaming engine, with commits, restarts and losses of all local state where chance
// wants them, the registry coming after so many records.
func (s *story) engine(random *rand.Rand, registryAfter int) *topologytest.Driver {
	var b topology.Builder
	flow.Build(&b, flow.Config{})
	topo, err := b.Build("abacus")
	require.NoError(s.t, err)
	d := topologytest.New(s.t, topo, topologytest.Config{
		Tasks: s.in.Partitions, Workers: 1 + random.IntN(3), Wall: base, CacheBytes: 1 << 16,
		Partitions: map[string]int{units.RegistryTable("abacus"): 1},
	})
	for i, rec := range s.records {
		if i == registryAfter {
			d.Run()
			s.register(d)
		}
		if change := s.change[i]; change != nil {
			d.Run()
			change(&s.in.Entries[0])
			s.register(d)
		}
		d.PipeTo("abacus.events", rec.Partition, task.Record{Appended: rec.Appended, Key: rec.Key, Value: rec.Value})
		switch random.IntN(40) {
		case 0:
			d.Run()
		case 1:
			d.Step()
			d.Restart()
		case 2:
			d.Run()
			d.Wipe()
		case 3, 4, 5:
			d.Step()
			d.Commit()
		}
	}
	d.Run()
	d.Advance(20 * time.Second)
	s.in.Adoptions = adoptions(s.t, d)
	return d
}

func (s *story) register(d *topologytest.Driver) {
	for _, entry := range s.in.Entries {
		value, err := json.Marshal(entry)
		require.NoError(s.t, err)
		d.Pipe(units.RegistryTable("abacus"), []byte(entry.Experiment), value)
	}
}

// adoptions is the schedule in the changelog of stage 1.
func adoptions(t *testing.T, d *topologytest.Driver) (all []verify.Adoption) {
	for _, rec := range d.Records("abacus-units-changelog") {
		a, ok, err := units.ParseAdoption(rec.Key, rec.Value)
		require.NoError(t, err)
		if ok {
			all = append(all, verify.Adoption{Experiment: a.Experiment, Run: a.Run, Version: a.Version, Partition: rec.Partition, Offset: a.Offset})
		}
	}
	return all
}

// agree runs both and compares.
func (s *story) agree(random *rand.Rand, registryAfter int) {
	s.in.NeverIdle = true
	d := s.engine(random, registryAfter)
	v := s.verifier()
	differences := v.CompareStats(d.Last("abacus.stats"))
	require.Empty(s.t, differences[:min(5, len(differences))])
	dead := map[string]int64{}
	for _, rec := range d.Records("abacus.dlq") {
		dead[rec.HeaderMap()["abacus.reason"]]++
	}
	require.Equal(s.t, v.DeadLetters(), dead)
}

// life appends minutes of a random life: disorder within and beyond grace, duplicates, conflicts, retractions, bad events, tags.
func (s *story) life(random *rand.Rand, events int) *story {
	at := int64(0)
	for i := range events {
		at += random.Int64N(600)
		s.lived(random, i, at)
	}
	return s.end(at + 20_000)
}

// end moves every task on, so that what waits is given up by stream time, not by idleness.
func (s *story) end(at int64) *story {
	for partition := range int32(s.in.Partitions) {
		unit := s.unitOf(partition)
		s.keyed(unit, partition, base+at, fmt.Sprintf(`{"id":"end","type":"tick","unit":"%s","ts":%d}`, unit, base+at))
	}
	return s
}

// unitOf finds a unit of a partition.
func (s *story) unitOf(partition int32) string {
	for i := 0; ; i++ {
		if unit := fmt.Sprint("ticker", i); topology.PartitionOf([]byte(unit), s.in.Partitions) == partition {
			return unit
		}
	}
}

func (s *story) lived(random *rand.Rand, i int, at int64) {
	unit, id := fmt.Sprint("unit", random.IntN(events(i))), fmt.Sprint(i)
	ts := at
	switch random.IntN(10) {
	case 0:
		ts = max(0, at-random.Int64N(20_000))
	case 1:
		ts = max(0, at-random.Int64N(300_000))
	}
	switch random.IntN(20) {
	case 0, 1, 2, 3:
		s.expose(id, unit, string("AAAAAB"[(int(unit[len(unit)-1])+random.IntN(2))%6]), ts)
	case 4, 5:
		s.put("exposure", id, unit, ts, more{"experiment": "second", "variant": string("AB"[random.IntN(2)])})
	case 6:
		s.retract(id, unit, fmt.Sprint(i-random.IntN(40)), ts)
	case 7:
		again := s.records[len(s.records)*random.IntN(100)/100]
		s.keyed(string(again.Key), again.Partition, base+at, string(again.Value))
	case 8:
		s.buy(fmt.Sprint(max(0, i-random.IntN(40))), unit, "3", ts)
	case 9:
		s.put("buy", id, unit, ts)
	case 10, 11:
		s.call(id, "", string("AABC"[random.IntN(4)]), fmt.Sprint(i, ".5"), ts)
	case 12:
		s.put("exposure", id, unit, ts, more{"experiment": "nowhere", "variant": "A"})
	case 13:
		s.put("exposure", id, unit, ts, more{"experiment": "checkout", "variant": "C"})
	case 14:
		s.raw(0, base+at, `{"id":"bad"`)
	default:
		s.buy(id, unit, fmt.Sprintf("%d.%03d", random.IntN(90)-9, random.IntN(1000)), ts)
	}
}

// events is how many units there are by the time of the i-th event.
func events(i int) int { return 5 + i/20 }

// A newer version comes while the run lasts: a ramp.
func TestStreamingAgreesOnVersions(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 8))
			s := tell(t, checkout(), checkoutNamed("second"), ranker())
			s.in.Partitions = 1 + random.IntN(3)
			s.change = map[int]func(*experiment.Entry){200: func(e *experiment.Entry) {
				version(e, base+70_000, func(d *experiment.Definition) { d.Variants[1].Weight = 3 })
			}}
			s.buy("first", "unit0", "1", 0).life(random, 600).agree(random, 0)
		})
	}
}

// An end comes that lies before events which have counted.
func TestStreamingAgreesOnAnEndThatMoves(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 11))
			s := tell(t, checkout(), checkoutNamed("second"), ranker())
			s.in.Partitions = 1 + random.IntN(3)
			s.change = map[int]func(*experiment.Entry){400: func(e *experiment.Entry) {
				version(e, base+100_000, func(d *experiment.Definition) { d.End = new(time.UnixMilli(base + 100_000)) })
			}}
			s.buy("first", "unit0", "1", 0).life(random, 600).agree(random, 0)
		})
	}
}

// version adds a version to an entry.
func version(e *experiment.Entry, effective int64, change func(*experiment.Definition)) {
	last := e.Versions[len(e.Versions)-1]
	d := last.Definition
	d.Variants = slices.Clone(d.Variants)
	change(&d)
	e.Versions = append(slices.Clone(e.Versions), experiment.Version{Version: last.Version + 1, Effective: effective, Definition: d})
}

func TestStreamingAgreesOnRuns(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 9))
			s := tell(t, checkout(), checkoutNamed("second"), ranker())
			s.in.Partitions = 1 + random.IntN(3)
			s.change = map[int]func(*experiment.Entry){300: func(e *experiment.Entry) {
				e.Run, e.Versions = 2, slices.Clone(e.Versions)
				e.Versions[0].Effective = base + 80_000
			}}
			s.buy("first", "unit0", "1", 0).life(random, 600).agree(random, 0)
		})
	}
}

// When forwarded records arrive is not known, so all of it lies within grace until they have.
func TestStreamingAgreesOnForwardedRecords(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 10))
			s := tell(t, checkout(), checkoutNamed("second"))
			s.in.Partitions, s.astray = 2+random.IntN(3), random
			s.chance(random, 400, 0, 4000)
			s.astray = nil
			s.change = map[int]func(*experiment.Entry){len(s.records): func(*experiment.Entry) {}}
			s.end(20_000).agree(random, 0)
		})
	}
}

func TestStreamingAgrees(t *testing.T) {
	for seed := range uint64(25) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			s := tell(t, checkout(), checkoutNamed("second"), ranker())
			s.in.Entries[1].Versions[0].Definition.MultipleVariants = "first"
			s.in.Partitions = 1 + random.IntN(3)
			s.buy("first", "unit0", "1", 0).life(random, 600).agree(random, random.IntN(2)*random.IntN(100))
		})
	}
}
