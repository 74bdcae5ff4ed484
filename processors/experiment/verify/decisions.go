package verify

import (
	"fmt"
	"slices"

	"github.com/abacus-stream/abacus/codecs/decision"
)

// CompareDecisions compares the records of the decisions topic, by offset, with the decisions that follow from the input: each on the
// topic must be one of them, field by field, and the last of each experiment must be there, of panes that a total in last, the last
// values of the stats topic, reflects. Compaction may have removed those before. A record that is there twice is one.
func (v *Verifier) CompareDecisions(records [][]byte, last map[string][]byte) []Difference {
	v.replay()
	c := comparison{verifier: v}
	found := map[string]int{} // by id, the last place
	for i, data := range records {
		var rec *decision.Record
		if err := decision.Codec.Parse(data, &rec); err != nil {
			c.differ(fmt.Sprintf("decision %d", i), "", "a decision", err.Error())
			continue
		}
		found[rec.ID] = i
		c.decision(rec, data, last[rec.Experiment+"|total"])
	}
	for _, name := range keys(v.tallies) {
		c.undecided(v.tallies[name], found, last[name+"|total"])
	}
	return c.differences
}

// decision compares one decision. One of a former run, or of an experiment that is archived, is taken as it is.
func (c *comparison) decision(rec *decision.Record, data, total []byte) {
	t := c.verifier.tallies[rec.Experiment]
	if t == nil || int64(t.plan.run) < rec.Run {
		c.differ("decision "+rec.ID, "", "", brief(data))
		return
	}
	if t.plan.archived || int64(t.plan.run) > rec.Run || c.unsure(t, total) {
		return
	}
	made := t.decisions(never)
	at := slices.IndexFunc(made, func(d *decision.Record) bool { return d.ID == rec.ID })
	if at < 0 {
		c.differ("decision "+rec.ID, "", "", brief(data))
		return
	}
	want, err := decision.Codec.Append(nil, made[at])
	if err != nil {
		c.differ("decision "+rec.ID, "", err.Error(), brief(data))
		return
	}
	expected, _ := leaves(want)
	got, _ := leaves(data)
	c.fields("decision "+rec.ID, expected, got, func(string, string, string) bool { return false })
}

// undecided finds the decision that must be there and is not. Others of its experiment may be gone once a later one is there.
func (c *comparison) undecided(t *tally, found map[string]int, total []byte) {
	if t.plan.archived || total == nil || c.unsure(t, total) {
		return
	}
	fields, err := leaves(total)
	if err != nil {
		return // told with the records of the stats topic
	}
	made := t.decisions(number(fields["as_of"]))
	for i, d := range made {
		later := slices.ContainsFunc(made[i:], func(l *decision.Record) bool { _, there := found[l.ID]; return there })
		if !later {
			c.differ("decision "+d.ID, "", "a record", "")
		}
	}
}

// unsure says whether what had matured when is not decided by the input.
func (c *comparison) unsure(t *tally, total []byte) bool {
	fields, err := leaves(total)
	late := err == nil && t.late("", fields)
	return c.verifier.leniency(t, 0, late).quiet
}

// decisions is what panes of maturity decide up to a watermark, in order.
func (t *tally) decisions(watermark int64) []*decision.Record {
	if t.decided == nil || t.decidedAt != watermark {
		_, _, t.decided = t.fold(watermark)
		t.decidedAt = watermark
	}
	return t.decided
}
