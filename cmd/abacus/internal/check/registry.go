package check

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/units"
)

// readRegistry gives the rows of the registry table as they were at the cut. Where compaction has taken the row of that
// time, it is the present one without the versions that were accepted later; all of them may be.
func readRegistry(ctx context.Context, cfg Config, c *cut) ([]experiment.Entry, error) {
	then, last := map[string]*kgo.Record{}, map[string]*kgo.Record{}
	err := cfg.Logs.Read(ctx, units.RegistryTable(cfg.Prefix), func(rec *kgo.Record) {
		if last[string(rec.Key)] = rec; c.holds(rec) {
			then[string(rec.Key)] = rec
		}
	})
	if err != nil {
		return nil, err
	}
	var all []experiment.Entry
	for _, key := range slices.Sorted(maps.Keys(last)) {
		rec, there := then[key]
		if !there {
			rec = last[key]
		}
		if rec.Value == nil {
			continue
		}
		var e experiment.Entry
		if err := json.Unmarshal(rec.Value, &e); err != nil {
			return nil, fmt.Errorf("registry row %q: %w", key, err)
		}
		if e.Latest() == nil { // one that was only ever refused
			continue
		}
		if !there {
			e = before(e, c.at)
		}
		all = append(all, e)
	}
	return all, nil
}

// before is an entry without the versions that were accepted after a time.
func before(e experiment.Entry, at int64) experiment.Entry {
	kept := slices.DeleteFunc(slices.Clone(e.Versions), func(v experiment.Version) bool { return v.Accepted > at })
	if len(kept) < len(e.Versions) {
		e.Versions, e.State = kept, experiment.Running
	}
	return e
}

// known parts the entries of a cut: those that a task had adopted, as the schedule says, and the names of those of which it
// had adopted only an earlier run, which the registry no longer tells. The rest no task knew.
func (s *schedule) known(all []experiment.Entry) (known []experiment.Entry, forgotten []string) {
	for _, e := range all {
		here, earlier := false, false
		for _, a := range s.adoptions {
			here = here || a.Experiment == e.Experiment && a.Run == e.Run
			earlier = earlier || a.Experiment == e.Experiment && a.Run < e.Run
		}
		switch {
		case here && e.Latest() != nil:
			known = append(known, e)
		case earlier:
			forgotten = append(forgotten, e.Experiment)
		}
	}
	return known, forgotten
}
