package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what came of a run.
type Report struct {
	Seed      uint64
	Virtual   time.Duration // time that went by inside
	Real      time.Duration // time that it took
	Faults    map[Kind]int  // that had an effect
	Idle      int           // faults that met nothing, as one of an instance that was down
	Barriers  int           // rebalances that kfake had to be helped out of
	Records   int           // of the input
	Commits   int64
	Anomalies []string
}

// Count is the number of faults that had an effect.
func (r *Report) Count() int {
	n := 0
	for _, of := range r.Faults {
		n += of
	}
	return n
}

// Factor is how many times as fast as real time the run was.
func (r *Report) Factor() float64 { return r.Virtual.Seconds() / r.Real.Seconds() }

// String is the report in a few lines.
func (r *Report) String() string {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, r.Faults[kind]))
	}
	return fmt.Sprintf("seed %d: %s virtual in %s, %.0f times real time; %d records, %d commits; %d faults, %d more that met nothing: %s; kfake helped out of %d rebalances; %d anomalies",
		r.Seed, r.Virtual.Round(time.Second), r.Real.Round(10*time.Millisecond), r.Factor(), r.Records, r.Commits, r.Count(), r.Idle, strings.Join(kinds, ", "), r.Barriers, len(r.Anomalies))
}

// Add adds another run to a sum of runs; the seed is that of the first.
func (r *Report) Add(other Report) {
	if r.Faults == nil {
		r.Faults, r.Seed = map[Kind]int{}, other.Seed
	}
	for kind, n := range other.Faults {
		r.Faults[kind] += n
	}
	r.Virtual += other.Virtual
	r.Real += other.Real
	r.Idle += other.Idle
	r.Barriers += other.Barriers
	r.Records += other.Records
	r.Commits += other.Commits
	r.Anomalies = append(r.Anomalies, other.Anomalies...)
}
