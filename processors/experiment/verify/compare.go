package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
)

// CompareStats compares the last value of every key of the stats topic, nil or absent where there is none, with what
// has been recomputed: every field of every record, records that should exist and do not, and those that should not.
func (v *Verifier) CompareStats(last map[string][]byte) []Difference {
	v.replay()
	c := comparison{verifier: v, watermark: max(v.in.Watermark, latestAsOf(last), v.latest()), passed: map[*tally]int64{}}
	for _, key := range keys(last) {
		if last[key] != nil {
			c.record(key, last[key])
		}
	}
	for _, name := range keys(v.tallies) {
		c.missing(v.tallies[name], last)
	}
	return c.differences
}

// comparison gathers differences.
type comparison struct {
	verifier    *Verifier
	watermark   int64
	passed      map[*tally]int64 // the greatest watermark that a record of the experiment is known to reflect
	differences []Difference
}

func (c *comparison) differ(key, field, want, got string) {
	c.differences = append(c.differences, Difference{Key: key, Field: field, Want: want, Got: got})
}

// record compares one record with the recomputed one of its key.
func (c *comparison) record(key string, data []byte) {
	got, err := leaves(data)
	if err != nil {
		c.differ(key, "", "a JSON object", err.Error())
		return
	}
	parsed, err := result.ParseKey(key)
	t := c.verifier.tallies[parsed.Experiment]
	if err != nil || t == nil {
		c.differ(key, "", "", brief(data))
		return
	}
	if t.plan.archived {
		return
	}
	watermark := number(got["as_of"])
	if c.passed != nil {
		c.passed[t] = max(c.passed[t], watermark)
	}
	want, skip := c.want(t, parsed, watermark, t.late(parsed.Segment, got))
	if want == nil {
		c.differ(key, "", "", brief(data))
		return
	}
	expected, err := figuresIn(want)
	if err != nil {
		c.differ(key, "", err.Error(), brief(data))
		return
	}
	if !want.Closed && watermark%second != 0 {
		c.differ(key, "as_of", fmt.Sprint(watermark-watermark%second), fmt.Sprint(watermark))
	}
	c.fields(key, expected, got, skip)
}

// figuresIn are the leaves of a record as it is sent.
func figuresIn(rec *result.Record) (map[string]string, error) {
	text, err := result.Codec.Append(nil, rec)
	if err != nil {
		return nil, err
	}
	return leaves(text)
}

// want is the record that belongs to a key, nil where there is to be none; skip says which fields cannot be decided.
func (c *comparison) want(t *tally, key result.Key, watermark int64, late bool) (*result.Record, func(path, want, got string) bool) {
	l := c.verifier.leniency(t, watermark, late)
	switch {
	case key.Segment != "":
		return t.wantSegment(key.Segment, watermark, !l.quiet), l.skip
	case key.Grain == result.Total:
		return t.wantTotal(watermark, !l.quiet), l.skip
	}
	panes := t.windows(key.Grain)[key.Start]
	if w := t.window(key.Grain, key.Start, panes); !w.empty() && (!sliding(key.Grain) || watermark >= w.End) {
		return t.wantWindow(key.Grain, w, watermark), l.window
	}
	return nil, nil
}

// fields compares the leaves of two records.
func (c *comparison) fields(key string, want, got map[string]string, skip func(path, want, got string) bool) {
	paths := keys(want)
	for _, path := range keys(got) {
		if _, known := want[path]; !known {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		if w, g := want[path], got[path]; !equal(w, g) && !skip(path, w, g) {
			c.differ(key, path, w, g)
		}
	}
}

// missing finds the records of an experiment that should be there. Windows past their retention need not.
func (c *comparison) missing(t *tally, last map[string][]byte) {
	if t.plan.archived {
		return
	}
	if key := result.TotalKey(t.plan.name); !t.empty() && last[key] == nil {
		c.differ(key, "", "a record", "")
	}
	for i, name := range t.plan.segments() {
		key := result.Key{Experiment: t.plan.name, Grain: result.Total, Segment: name}
		if t.hasSegment(1+i) && last[key.String()] == nil {
			c.differ(key.String(), "", "a record", "")
		}
	}
	for _, grain := range t.plan.grains() {
		for _, start := range ordered(t.windows(grain)) {
			key := result.Key{Experiment: t.plan.name, Grain: grain, Start: start}
			if last[key.String()] == nil && c.expects(t, key) {
				c.differ(key.String(), "", "a record", "")
			}
		}
	}
}

// tolerance is the relative distance at which floats are no longer the same.
const tolerance = 1e-12

// equal compares two leaves: integers and texts exactly, floats within the tolerance.
func equal(want, got string) bool {
	if want == got {
		return true
	}
	if !strings.ContainsAny(want+got, ".e") {
		return false
	}
	a, err := strconv.ParseFloat(want, 64)
	if err != nil {
		return false
	}
	b, err := strconv.ParseFloat(got, 64)
	return err == nil && math.Abs(a-b) <= tolerance*max(math.Abs(a), math.Abs(b))
}

// leaves is the members of a JSON object that hold neither members nor elements, by path: a number or word as it is
// written, a text in quotes.
func leaves(data []byte) (map[string]string, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var top map[string]any
	if err := dec.Decode(&top); err != nil {
		return nil, fmt.Errorf("verify: stats record: %w", err)
	}
	out := map[string]string{}
	flatten(out, "", top)
	return out, nil
}

func flatten(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			flatten(out, strings.TrimPrefix(path+"."+name, "."), member)
		}
	case []any:
		for i, element := range v {
			flatten(out, path+"."+strconv.Itoa(i), element)
		}
	case json.Number:
		out[path] = v.String()
	case string:
		out[path] = strconv.Quote(v)
	default:
		out[path] = fmt.Sprint(v)
	}
}

// latestAsOf is the greatest as_of of all records.
func latestAsOf(last map[string][]byte) (latest int64) {
	for _, data := range last {
		var head struct {
			AsOf int64 `json:"as_of"`
		}
		if data != nil && json.Unmarshal(data, &head) == nil {
			latest = max(latest, head.AsOf)
		}
	}
	return latest
}

// latest is the greatest stream time that the log tells of, beyond which no watermark goes while events come: 0 without events.
func (v *Verifier) latest() (latest int64) {
	for _, q := range v.in.Quiets {
		latest = max(latest, q.StreamTime)
	}
	for _, arrivals := range v.arrivals {
		for _, a := range arrivals {
			if a.reason == "" {
				latest = max(latest, a.ts)
			}
		}
	}
	return latest
}

// brief is the beginning of a record, for a difference.
func brief(data []byte) string {
	if len(data) > 80 {
		return string(data[:80]) + "..."
	}
	return string(data)
}

// number reads an integer leaf, 0 for any other.
func number(leaf string) int64 {
	n, _ := strconv.ParseInt(leaf, 10, 64)
	return n
}
