package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/abacus-stream/abacus/topology"
)

// Verifier collects the records of the events topic and recomputes from them. Not for concurrent use.
type Verifier struct {
	in       Input
	plans    []*plan // by name
	arrivals map[int32][]arrival
	records  int

	tallies map[string]*tally // by experiment, nil until the replay
	former  map[*plan]*tally  // of runs that are no longer published
	dead    map[string]int64
}

// arrival is one record of the events topic, judged by its bytes.
type arrival struct {
	*event
	reason string // of its dead letter; empty: good
}

// New takes the input over. It fails on a registry that it cannot recompute, naming the experiment.
func New(in Input) (*Verifier, error) {
	in.Prefix = cmp.Or(in.Prefix, "abacus")
	in.Events = cmp.Or(in.Events, in.Prefix+".events")
	in.MaxAhead, in.IdleAfter = cmp.Or(in.MaxAhead, 5*60_000), cmp.Or(in.IdleAfter, second)
	if in.Partitions < 1 {
		return nil, fmt.Errorf("verify: topic %s: %d partitions", in.Events, in.Partitions)
	}
	v := &Verifier{in: in, arrivals: map[int32][]arrival{}}
	for _, entry := range in.Entries {
		p, err := newPlan(entry)
		if err != nil {
			return nil, err
		}
		v.plans = append(v.plans, p)
	}
	slices.SortFunc(v.plans, func(a, b *plan) int { return cmp.Compare(a.name, b.name) })
	return v, nil
}

// Event takes one record, those of a partition in the order of their offsets. Records of other topics are left out.
func (v *Verifier) Event(rec Record) {
	if rec.Topic != v.in.Events {
		return
	}
	e, reason := parse(rec, v.in.MaxAhead)
	v.arrivals[rec.Partition] = append(v.arrivals[rec.Partition], arrival{e, reason})
	v.records++
	v.tallies = nil
}

// Records is how many records of the events topic were read.
func (v *Verifier) Records() int { return v.records }

// DeadLetters is how many dead letters there must be, by reason.
func (v *Verifier) DeadLetters() map[string]int64 {
	v.replay()
	return maps.Clone(v.dead)
}

// tally is that of a plan: those of the registry are there once the replay has begun.
func (v *Verifier) tally(of view) *tally {
	if t := v.tallies[of.name]; t.plan == of.plan {
		return t
	}
	t := v.former[of.plan]
	if t == nil {
		t = newTally(of.plan)
		v.former[of.plan] = t
	}
	return t
}

// replay runs every task once over what has been collected.
func (v *Verifier) replay() {
	if v.tallies != nil {
		return
	}
	v.tallies, v.former, v.dead = map[string]*tally{}, map[*plan]*tally{}, map[string]int64{}
	for _, p := range v.plans {
		v.tallies[p.name] = newTally(p)
	}
	forwarded := v.forward()
	for partition := range int32(v.in.Partitions) {
		v.run(newTask(v, partition), forwarded[partition])
	}
}

// forward finds the records that lie in a partition which is not their unit's, by the partition of their owner and in
// the order in which they are taken to arrive there: append time, partition, offset.
func (v *Verifier) forward() map[int32][]*event {
	out := map[int32][]*event{}
	for partition, arrivals := range v.arrivals {
		t := newTask(v, partition)
		for _, a := range arrivals {
			t.hear(a)
			if owner := v.owner(t.knows, a); owner != partition {
				a.arrived = t.stream
				out[owner] = append(out[owner], a.event)
			}
		}
	}
	for _, events := range out {
		slices.SortFunc(events, byArrival)
	}
	return out
}

// owner is the partition whose task processes a record: that of its unit. Bad events, marks and events that are
// counted by their tag are processed where they are.
func (v *Verifier) owner(knows *knowledge, a arrival) int32 {
	_, tagged := knows.counted(a.event)
	if a.reason != "" || tagged || a.unit == "" || a.kind == endOfInput {
		return a.partition
	}
	return topology.PartitionOf([]byte(a.unit), v.in.Partitions)
}

func byArrival(a, b *event) int {
	return cmp.Or(cmp.Compare(a.appended, b.appended), cmp.Compare(a.partition, b.partition), cmp.Compare(a.offset, b.offset))
}

// run replays one task: its own records in order, forwarded ones before the first own record that they precede.
func (v *Verifier) run(t *task, forwarded []*event) {
	own, partition := v.arrivals[t.partition], t.partition
	next := int64(0)
	for _, a := range own {
		for len(forwarded) > 0 && byArrival(forwarded[0], a.event) < 0 {
			t.adopt(next)
			t.process(forwarded[0])
			forwarded = forwarded[1:]
		}
		next = a.offset + 1
		t.adopt(a.offset)
		if a.reason != "" {
			t.reject(a.reason)
			continue
		}
		t.advance(a.ts)
		if v.owner(t.knows, a) == partition {
			t.process(a.event)
		}
	}
	t.adopt(next)
	for _, e := range forwarded {
		t.process(e)
	}
	t.close()
}
