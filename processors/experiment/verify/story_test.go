package verify_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/topology"
)

// base is the time 0 of the stories, on a full minute.
const base = 1_790_000_040_000

// story is a small log of events that is told step by step.
type story struct {
	t       *testing.T
	in      verify.Input
	records []verify.Record
	next    map[int32]int64
	astray  *rand.Rand                      // some records lie in a wrong partition
	change  map[int]func(*experiment.Entry) // of the first entry, before a record
}

func tell(t *testing.T, definitions ...experiment.Definition) *story {
	s := &story{t: t, in: verify.Input{Partitions: 1}, next: map[int32]int64{}}
	for _, d := range definitions {
		s.in.Entries = append(s.in.Entries, entryOf(d))
	}
	return s
}

func entryOf(d experiment.Definition) experiment.Entry {
	return experiment.Entry{
		Experiment: d.Experiment, Run: 1, State: experiment.Running,
		Versions: []experiment.Version{{Version: 1, Effective: base, Definition: d}},
	}
}

// checkout is a user experiment: two arms, a conversion, a mean with two decimals and a count, each 60 s long.
func checkout(change ...func(*experiment.Definition)) experiment.Definition {
	d := experiment.Definition{
		Experiment: "checkout", Unit: "user", Control: "A",
		Variants: experiment.Variants{{Name: "A", Weight: 1}, {Name: "B", Weight: 1}},
		Grace:    5000, DedupFor: 100_000, Windows: []string{"1s", "60s"},
		Metrics: []experiment.Metric{
			{Name: "bought", Kind: "conversion", Event: "buy", Window: 60_000},
			{Name: "revenue", Kind: "mean", Event: "buy", Window: 60_000, Decimals: new(2)},
			{Name: "orders", Kind: "count", Event: "buy", Window: 60_000},
		},
	}
	for _, c := range change {
		c(&d)
	}
	return d
}

func checkoutNamed(name string) experiment.Definition {
	return checkout(func(d *experiment.Definition) { d.Experiment = name })
}

// ranker is an experiment on tagged events.
func ranker() experiment.Definition {
	return experiment.Definition{
		Experiment: "ranker", Unit: "event", Control: "A", Windows: []string{"1s"},
		Variants: experiment.Variants{{Name: "A", Weight: 1}, {Name: "B", Weight: 1}},
		Metrics: []experiment.Metric{
			{Name: "slow", Kind: "conversion", Event: "api", Where: "slow=true"},
			{Name: "latency", Kind: "mean", Event: "api", Decimals: new(1)},
		},
	}
}

type more map[string]any

// put appends an event to the partition of its unit; at is in ms after base.
func (s *story) put(kind, id, unit string, at int64, extra ...more) *story {
	e := more{"id": id, "type": kind, "unit": unit, "ts": base + at}
	for _, m := range extra {
		for k, v := range m {
			e[k] = v
		}
	}
	if unit == "" {
		delete(e, "unit")
	}
	data, err := json.Marshal(e)
	require.NoError(s.t, err)
	return s.keyed(unit, topology.PartitionOf([]byte(unit), s.in.Partitions), base+at, string(data))
}

// raw appends a record as it is, without a key.
func (s *story) raw(partition int32, appended int64, value string) *story {
	return s.keyed("", partition, appended, value)
}

func (s *story) keyed(key string, partition int32, appended int64, value string) *story {
	if s.astray != nil && s.astray.IntN(20) == 0 {
		key, partition = "", s.astray.Int32N(int32(s.in.Partitions))
	}
	s.records = append(s.records, verify.Record{
		Topic: "abacus.events", Partition: partition, Offset: s.next[partition], Appended: appended, Key: []byte(key), Value: []byte(value),
	})
	s.next[partition]++
	return s
}

func (s *story) expose(id, unit, variant string, at int64, extra ...more) *story {
	return s.put("exposure", id, unit, at, append([]more{{"experiment": "checkout", "variant": variant}}, extra...)...)
}

func (s *story) buy(id, unit, value string, at int64, extra ...more) *story {
	return s.put("buy", id, unit, at, append([]more{{"value": value}}, extra...)...)
}

func (s *story) retract(id, unit, ref string, at int64) *story {
	return s.put("retract", id, unit, at, more{"ref": ref})
}

// tick moves stream time with an event that touches no row.
func (s *story) tick(at int64) *story {
	return s.put("tick", fmt.Sprint("tick", at), "ticker", at)
}

// verifier has read the whole story.
func (s *story) verifier() *verify.Verifier {
	v, err := verify.New(s.in)
	require.NoError(s.t, err)
	for _, rec := range s.records {
		v.Event(rec)
	}
	return v
}

func (s *story) expected() verify.Expected {
	return s.verifier().Expected()["checkout"]
}

// figures is what most stories end with: units of A and B, revenue in cents, conversions and orders of A.
type figures struct {
	a, b                int64
	revenue             int64
	bought, orders      int64
	excluded, corrected int64
	dropped             map[string]int64
	dead                map[string]int64
}

func (s *story) figures() figures {
	v := s.verifier()
	x := v.Expected()["checkout"]
	f := figures{
		a: x.Units["A"], b: x.Units["B"], excluded: x.Excluded, corrected: x.Corrections,
		revenue: x.Live["revenue"]["A"].S.Int64(), bought: x.Live["bought"]["A"].S.Int64(), orders: x.Live["orders"]["A"].S.Int64(),
	}
	if len(x.Dropped) > 0 {
		f.dropped = x.Dropped
	}
	if dead := v.DeadLetters(); len(dead) > 0 {
		f.dead = dead
	}
	return f
}

func (s *story) want(f figures) {
	s.t.Helper()
	require.Equal(s.t, f, s.figures())
}

// shuffled is the story with its records in another order, some of them twice, all appended in the last moment.
func (s *story) shuffled(seed uint64) *story {
	random := rand.New(rand.NewPCG(seed, 1))
	out := &story{t: s.t, in: s.in, next: map[int32]int64{}}
	records := append([]verify.Record{}, s.records...)
	for range len(s.records) / 3 {
		records = append(records, s.records[random.IntN(len(s.records))])
	}
	random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	for _, r := range records {
		out.raw(r.Partition, base+int64(time.Hour/time.Millisecond), string(r.Value))
	}
	return out
}
