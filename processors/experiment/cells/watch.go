package cells

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/stats/split"
)

// Watch is what a run remembers of its always-valid figures: the strongest evidence of each test at any close of a pane so far. The
// zero value has seen nothing.
type Watch struct {
	tests []test // in order
}

// test is one of the hypotheses that are watched.
type test struct {
	testKey
	always.Evidence       // Crossed is the end of a pane, Unix ms
	excluded        int64 // end of the last pane at whose close the interval was without 0, Unix ms; 0: never
	higher          bool  // it was above 0 then
}

type testKey struct {
	kind            byte
	metric, variant int
}

// Kinds of tests, as rows have them.
const (
	ofComparison = iota // "no effect", two-sided
	ofGuardrail         // "no harm beyond the margin"
	ofSplit             // "units come by the weights"
	ofCrossed           // the same of units in several variants
)

// Close takes the matured sums as they are when the watermark passes the end of a pane, Unix ms; panes come in order, each once. It
// gives the decisions that the pane brought: each is given once in the life of a run.
func (w *Watch) Close(e *experiment.Entry, sums *experiment.Delta, end int64) (made []*decision.Record) {
	t := newTally(TotalInput{Entry: e, Sums: sums, AsOf: end}, 0)
	control := t.control()
	if !t.independent {
		return nil
	}
	for m := range t.def.Metrics {
		for v := range t.def.Variants {
			if v != control && control >= 0 && summed(&t.def.Metrics[m]) {
				w.compare(t, testKey{ofComparison, m, v}, control, end)
				made = append(made, w.guard(t, testKey{ofGuardrail, m, v}, control, end)...)
			}
		}
	}
	return append(made, w.split(t, end)...)
}

// compare observes a comparison and whether its interval is without 0, which it is from the same e-value on.
func (w *Watch) compare(t *tally, key testKey, control int, end int64) {
	alpha := t.decision().Alpha
	logE, interval, reason := t.look(key.metric, control, key.variant)
	if reason != "" {
		return
	}
	seen := w.test(key)
	seen.Observe(logE, end, alpha)
	if interval[0] > 0 || interval[1] < 0 {
		seen.excluded, seen.higher = end, interval[0] > 0
	}
}

// look is the log e-value of "no effect" and, where it is so large that the interval is without 0, that interval.
func (t *tally) look(m, control, treatment int) (logE float64, interval [2]float64, reason string) {
	d := t.decision()
	if multinomial(&t.def.Metrics[m]) {
		epochs := t.conversions(m, control, treatment)
		if logE, reason = always.LiftLogE(epochs, 0); reason == "" && logE >= -math.Log(d.Alpha) {
			interval, _ = always.LiftInterval(epochs, d.Alpha)
		}
		return logE, interval, reason
	}
	if reason = t.ready(m, control, treatment); reason != "" {
		return 0, interval, reason
	}
	c, s := t.fixed(m, control, treatment, d.Alpha, ofMatured), always.Sequence{PlannedUnits: d.PlannedUnits}
	if logE, reason = s.LogE(c); reason == "" {
		interval, _ = s.Interval(c, d.Alpha)
	}
	return logE, interval, reason
}

// split observes how units came to the variants.
func (w *Watch) split(t *tally, end int64) []*decision.Record {
	logE, seen := t.splitLogE(t.firstSeen)
	if !seen {
		return nil
	}
	arms := w.test(testKey{kind: ofSplit})
	before := arms.Crossed
	arms.Observe(logE, end, split.Alpha)
	logE, _ = t.splitLogE(func(c *experiment.CellDelta) int64 { return c.Crossed })
	found := arms.Evidence
	w.test(testKey{kind: ofCrossed}).Observe(logE, end, split.Alpha)
	if before != 0 || found.Crossed == 0 || !t.stopsOnHarm() {
		return nil
	}
	return []*decision.Record{t.brokenSplit(found, end)}
}

// find is a test that has been observed, nil for any other and for no watch.
func (w *Watch) find(key testKey) *test {
	if w == nil {
		return nil
	}
	if at, found := slices.BinarySearchFunc(w.tests, key, compareTests); found {
		return &w.tests[at]
	}
	return nil
}

// test finds or makes a test; the pointer is valid until the next call.
func (w *Watch) test(key testKey) *test {
	at, found := slices.BinarySearchFunc(w.tests, key, compareTests)
	if !found {
		w.tests = slices.Insert(w.tests, at, test{testKey: key})
	}
	return &w.tests[at]
}

func compareTests(a test, b testKey) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.metric, b.metric), cmp.Compare(a.variant, b.variant))
}

// forgetConversions forgets the evidence of conversions in a row of layout 2, which was also of units that were not drawn by the
// weights. What has been decided stays.
func (w *Watch) forgetConversions(d *experiment.Definition) {
	w.tests = slices.DeleteFunc(w.tests, func(t test) bool {
		compares := t.kind == ofComparison || t.kind == ofGuardrail && t.Crossed == 0
		return compares && t.metric < len(d.Metrics) && d.Metrics[t.metric].Kind == kindConversion
	})
}

// reset forgets everything.
func (w *Watch) reset() { w.tests = w.tests[:0] }

// append appends a uvarint of tests, each: kind, with 128 where the interval was above 0; uvarint metric, variant; the log e-value,
// 8 bytes big endian; varint crossed, excluded.
func (w *Watch) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(w.tests)))
	for i := range w.tests {
		t := &w.tests[i]
		dst = append(dst, t.kind|flag(t.higher, above))
		dst = binary.AppendUvarint(dst, uint64(t.metric))
		dst = binary.AppendUvarint(dst, uint64(t.variant))
		dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(t.LogE))
		dst = binary.AppendVarint(dst, t.Crossed)
		dst = binary.AppendVarint(dst, t.excluded)
	}
	return dst
}

const above = 128

// parse reads what append wrote and gives the rest; false for anything else.
func (w *Watch) parse(data []byte) (rest []byte, ok bool) {
	r := numbers{rest: data}
	w.reset()
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		head := r.byte()
		t := test{testKey: testKey{head &^ above, int(r.uvarint()), int(r.uvarint())}, higher: head&above != 0}
		t.LogE, t.Crossed, t.excluded = math.Float64frombits(r.fixed()), r.varint(), r.varint()
		w.tests = append(w.tests, t)
	}
	return r.rest, !r.bad
}

// numbers takes bytes apart; after the first fault it gives zeros and bad stays set.
type numbers struct {
	rest []byte
	bad  bool
}

func (r *numbers) take(v uint64, n int) uint64 {
	if n <= 0 || n > len(r.rest) {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *numbers) byte() byte {
	if len(r.rest) == 0 {
		return byte(r.take(0, 0))
	}
	return byte(r.take(uint64(r.rest[0]), 1))
}

func (r *numbers) uvarint() uint64 { return r.take(binary.Uvarint(r.rest)) }

func (r *numbers) varint() int64 {
	v, n := binary.Varint(r.rest)
	return int64(r.take(uint64(v), n))
}

func (r *numbers) fixed() uint64 {
	if len(r.rest) < 8 {
		return r.take(0, 0)
	}
	return r.take(binary.BigEndian.Uint64(r.rest), 8)
}
