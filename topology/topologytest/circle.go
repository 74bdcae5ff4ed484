package topologytest

import (
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/topology"
)

// A Run of a topology that reads what it writes ends after so many rounds of commits, or after so many records that are
// so many times those of its first round: it may never come to an end by itself.
const maxRounds, maxRecords, maxGrowth = 1000, 1 << 17, 16

// course is how far a Run has come.
type course struct{ rounds, first, records int }

// bound fails the test when a topology that feeds itself does not come to an end.
func (d *Driver) bound(c *course, records int) {
	d.t.Helper()
	if c.rounds++; c.rounds == 1 {
		c.first = records
	}
	c.records += records
	if c.rounds <= maxRounds && c.records <= max(maxRecords, maxGrowth*c.first) {
		return
	}
	if way := d.circle(); way != nil {
		d.t.Fatalf("Run does not come to an end: %d records in %d rounds of commits, and there are more. The topology reads what it writes, %s: have it write less than it reads, or to another topic",
			c.records, c.rounds, strings.Join(way, " -> "))
	}
}

// circle are the topics from one to itself, nil where the topology has none.
func (d *Driver) circle() []string {
	for _, s := range d.topo.Subs {
		for _, src := range s.Sources {
			if way := d.way([]string{src.Topic}); way != nil {
				return way
			}
		}
	}
	return nil
}

// way goes on to the first topic again.
func (d *Driver) way(begun []string) []string {
	for _, s := range d.topo.Subs {
		if !slices.ContainsFunc(s.Sources, func(src *topology.SourceNode) bool { return src.Topic == begun[len(begun)-1] }) {
			continue
		}
		for _, next := range d.outputs(s) {
			if next == begun[0] {
				return append(begun, next)
			}
			if !slices.Contains(begun, next) {
				if way := d.way(append(slices.Clip(begun), next)); way != nil {
					return way
				}
			}
		}
	}
	return nil
}

// outputs are the topics that a sub-topology may write.
func (d *Driver) outputs(s *topology.Sub) (all []string) {
	for _, sink := range s.Sinks {
		all = append(all, sink.Topic)
	}
	return append(all, d.cfg.DeadLetter, d.cfg.Late)
}
