package verify

import (
	"slices"

	"github.com/abacus-stream/abacus/codecs/result"
)

// CompareRecord compares one version of one key with what has been recomputed, nil where the key has none: then there is a
// difference only if there should be a record, windows that may have expired aside.
func (v *Verifier) CompareRecord(key string, data []byte) []Difference {
	v.replay()
	c := comparison{verifier: v, watermark: max(v.in.Watermark, v.latest())}
	if data != nil {
		c.record(key, data)
		return c.differences
	}
	parsed, err := result.ParseKey(key)
	t := v.tallies[parsed.Experiment]
	if err != nil || t == nil || t.plan.archived {
		return nil
	}
	if c.expects(t, parsed) {
		c.differ(key, "", "a record", "")
	}
	return c.differences
}

// expects says whether a key must have a record.
func (c *comparison) expects(t *tally, key result.Key) bool {
	switch {
	case key.Segment != "":
		segment := 1 + slices.Index(t.plan.segments(), key.Segment)
		return segment > 0 && t.hasSegment(segment)
	case key.Grain == result.Total:
		return !t.empty()
	}
	w := t.window(key.Grain, key.Start, t.windows(key.Grain)[key.Start])
	once := sliding(key.Grain) || c.verifier.in.OnClose // closed
	return !w.empty() && after(w.End, t.retention(key.Grain, key.Start)) > c.watermark && (!once || w.End <= c.passed[t])
}

// Totals recomputes the total of each experiment of which anything was counted, in the order of their names. watermark gives
// what each is to reflect, in Unix ms; 0: the greatest event time.
func (v *Verifier) Totals(watermark func(experiment string) int64) []*result.Record {
	v.replay()
	var all []*result.Record
	for _, name := range keys(v.tallies) {
		t := v.tallies[name]
		if t.empty() || t.plan.archived {
			continue
		}
		at := watermark(name)
		if at == 0 {
			at = v.latest()
		}
		all = append(all, t.wantTotal(at, true))
	}
	return all
}
