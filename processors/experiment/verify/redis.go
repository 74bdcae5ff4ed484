package verify

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
)

// CompareHashes compares Redis hashes, by key and field, with what has been recomputed: ab:stats:{experiment}, with :<segment> for
// segments, and ab:window:{experiment}:<grain> for the newest window of a grain. Fields beyond the documented ones are left out.
func (v *Verifier) CompareHashes(hashes map[string]map[string]string) []Difference {
	v.replay()
	c := &comparison{verifier: v}
	for _, key := range keys(hashes) {
		switch name, grain, segment, ok := hashKey(key); {
		case !ok || v.tallies[name] == nil:
			c.differ(key, "", "", "a hash")
		case v.tallies[name].plan.archived:
		case grain == "":
			c.statsHash(key, v.tallies[name], segment, hashes[key])
		default:
			c.windowHash(key, v.tallies[name], grain, hashes[key])
		}
	}
	for _, name := range keys(v.tallies) {
		key := "ab:stats:{" + name + "}"
		if _, there := hashes[key]; !there && !v.tallies[name].empty() && !v.tallies[name].plan.archived {
			c.differ(key, "", "a hash", "")
		}
		for i, segment := range v.tallies[name].plan.segments() {
			if _, there := hashes[key+":"+segment]; !there && v.tallies[name].hasSegment(1+i) && !v.tallies[name].plan.archived {
				c.differ(key+":"+segment, "", "a hash", "")
			}
		}
	}
	return c.differences
}

// hashKey takes a key apart; the grain of ab:stats is empty, and the segment of all units.
func hashKey(key string) (experiment, grain, segment string, ok bool) {
	if rest, found := strings.CutPrefix(key, "ab:stats:{"); found {
		experiment, segment, found = strings.Cut(rest, "}")
		segment, parted := strings.CutPrefix(segment, ":")
		return experiment, "", segment, found && parted == (segment != "")
	}
	rest, found := strings.CutPrefix(key, "ab:window:{")
	if !found {
		return "", "", "", false
	}
	experiment, grain, ok = strings.Cut(rest, "}:")
	return experiment, grain, "", ok
}

// statsHash compares the hash of a total, or of a segment.
func (c *comparison) statsHash(key string, t *tally, segment string, hash map[string]string) {
	watermark := number(hash["as_of"])
	lenient := c.verifier.leniency(t, watermark, number(hash["matured_late"]) > 0)
	rec := t.wantTotal(watermark, !lenient.quiet)
	if segment != "" {
		rec = t.wantSegment(segment, watermark, !lenient.quiet)
	}
	if rec == nil {
		c.differ(key, "", "", "a hash")
		return
	}
	want := map[string]string{
		"as_of": fmt.Sprint(rec.AsOf), "config_version": fmt.Sprint(rec.ConfigVersion),
	}
	for variant, n := range rec.Units {
		want["units."+variant] = fmt.Sprint(n)
	}
	if rec.Split != nil {
		want["split.verdict"] = rec.Split.Verdict
	}
	for name, m := range rec.Metrics {
		for variant, figures := range m.Variants {
			totalFields(want, variant+"."+name+".", &figures)
		}
		for treatment, figures := range m.Comparisons {
			comparisonFields(want, treatment+"."+name+".", &figures)
		}
	}
	c.hash(key, want, hash, lenient)
}

// totalFields is the figures of a variant in a total.
func totalFields(want map[string]string, prefix string, f *result.Variant) {
	want[prefix+"n"] = fmt.Sprint(*f.N)
	want[prefix+"sum"] = f.Sum
	want[prefix+"mean"] = float(f.Mean)
	want[prefix+"variance"] = float(f.Variance)
}

// comparisonFields is the figures of a treatment against control that are one number or word.
func comparisonFields(want map[string]string, prefix string, f *result.Comparison) {
	want[prefix+"difference"] = float(f.Difference)
	want[prefix+"relative"] = float(f.Relative)
	want[prefix+"se"] = float(f.SE)
	want[prefix+"p"] = float(f.P)
	want[prefix+"p_always"] = float(f.PAlways)
	want[prefix+"p_adjusted"] = float(f.PAdjusted)
	want[prefix+"verdict"] = f.Verdict
}

// windowHash compares the hash of the newest window of a grain.
func (c *comparison) windowHash(key string, t *tally, grain string, hash map[string]string) {
	windows := t.windows(grain)
	newest := int64(-1)
	for start, panes := range windows {
		if w := t.window(grain, start, panes); !w.empty() && (!sliding(grain) || start <= number(hash["start"])) {
			newest = max(newest, start) // which sliding ones have closed, the input does not tell
		}
	}
	if newest < 0 {
		c.differ(key, "", "", "a hash")
		return
	}
	closed := hash["closed"] == "true" || hash["closed"] == "1"
	w := t.window(grain, newest, windows[newest])
	watermark := w.Start
	if closed {
		watermark = w.End
	}
	rec := t.wantWindow(grain, w, watermark)
	want := map[string]string{"start": fmt.Sprint(w.Start), "end": fmt.Sprint(w.End)}
	for name, m := range rec.Metrics {
		for variant, f := range m.Variants {
			prefix := variant + "." + name + "."
			want[prefix+"units_new"], want[prefix+"events"] = fmt.Sprint(*f.UnitsNew), fmt.Sprint(*f.Events)
			want[prefix+"sum"], want[prefix+"rate"] = f.Sum, float(f.Rate)
			spreadFields(want, prefix, &f)
		}
	}
	c.hash(key, want, hash, leniency{})
}

// spreadFields is what a window says of its values and units.
func spreadFields(want map[string]string, prefix string, f *result.Variant) {
	if f.Uniques != nil {
		want[prefix+"uniques"] = fmt.Sprint(*f.Uniques)
	}
	for field, n := range map[string]result.Number{"min": f.Min, "p50": f.P50, "p95": f.P95, "p99": f.P99, "max": f.Max} {
		if n != (result.Number{}) {
			want[prefix+field] = float(n)
		}
	}
}

// documented is the fields that a hash must have, by their last part; others are compared where they are there.
var documented = map[string]bool{"as_of": true, "config_version": true, "start": true, "end": true, "mean": true, "relative": true, "verdict": true, "rate": true}

// hash compares fields; a figure that is not available may be left out or said to be null.
func (c *comparison) hash(key string, want, got map[string]string, lenient leniency) {
	for _, field := range keys(want) {
		w, g := want[field], got[field]
		_, there := got[field]
		last := field[strings.LastIndexByte(field, '.')+1:]
		required := documented[last] || strings.HasPrefix(field, "units.")
		switch {
		case w == "" && (g == "" || g == "null"), same(last, w, g):
		case !there && !required:
		case lenient.tally != nil && lenient.skip(lenient.path(field), w, g):
		default:
			c.differ(key, field, w, g)
		}
	}
}

// same compares two values of a field: sums as exact decimals, others as leaves of a record.
func same(field, want, got string) bool {
	if field != "sum" {
		return equal(want, got)
	}
	a, okA := parseDecimal(want)
	b, okB := parseDecimal(got)
	return okA && okB && a == b
}

// path is where the total has what a field of its hash says.
func (l leniency) path(field string) string {
	part := strings.Split(field, ".")
	if len(part) == 3 && maturedFields[part[2]] {
		return strings.Join([]string{"metrics", part[1], "comparisons", part[0], part[2]}, ".")
	}
	return field
}

// float is the shortest decimal that reads back as the same float64; empty where there is no number.
func float(n result.Number) string {
	x, ok := n.Float()
	if !ok {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
