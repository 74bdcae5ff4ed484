package cells

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/split"
)

// Reasons of figures that a record does not have.
const (
	ReasonNotIndependent = "events_not_independent" // unit: event that is not randomised by event
	ReasonNoEvents       = "no_events"
	ReasonNoUnits        = "no_units"
)

// Kinds of metrics that sums are kept of.
const (
	kindConversion = "conversion"
	kindCount      = "count"
	kindMean       = "mean"
	kindQuantile   = "quantile"
	kindLast       = "last"
)

const unitEvent = "event"

// TotalInput is what the record of a total is made of: plain sums, so that a recomputation can fill it as well.
type TotalInput struct {
	Entry  *experiment.Entry
	Sums   *experiment.Delta // of all deltas of the run, cells of segments among them, those of maturity as far as AsOf; panes and Version are not looked at
	Watch  *Watch            // of all panes of maturity that end at AsOf or before; nil: evidence is that of Sums alone
	AsOf   int64             // as AsOf says
	Closed bool

	kept *figures // from one record to the next, nil: none
}

// figures is the always-valid track of all comparisons, which stays as it is until a pane of maturity is folded.
type figures struct {
	version int64
	watched [][]*watched // by metric and variant, nil for the control
}

// AsOf gives as_of and closed of a total: the watermark of stage 2, at most the end of the latest pane that is not empty, of events
// or of maturity, all in Unix ms. Without a pane (last 0) the record is closed as of the start of the run; before the first watermark as_of is 0.
func AsOf(e *experiment.Entry, watermark, last int64) (at int64, closed bool) {
	if last == 0 {
		return max(0, e.Versions[0].Effective), true
	}
	return asOf(watermark, last), watermark >= last
}

// Total is the stats record of a whole experiment, from live sums; what has matured stands beside. Sums of several epochs are
// compared within each (stats.MethodStratified); n, sum, mean and variance are of all units. The definition is that of the version
// in effect at AsOf.
func Total(in TotalInput) *result.Record {
	t := newTally(in, 0)
	t.worst, t.worstBroken = worstSegment(in)
	rec := t.record(in)
	rec.Dropped = map[string]int64{}
	for drop, n := range in.Sums.Dropped {
		rec.Dropped[experiment.Drop(drop).String()] = n
	}
	rec.LeftOut = leftOut(t.def, in.Sums)
	return rec
}

// record is the record of what a tally is of: all units, or a segment.
func (t *tally) record(in TotalInput) *result.Record {
	rec := &result.Record{
		V: result.Version, Experiment: in.Entry.Experiment, Run: int64(in.Entry.Run), ConfigVersion: t.version.Version,
		Grain: result.Total, AsOf: in.AsOf, Closed: in.Closed,
		Units: map[string]int64{}, Excluded: &t.excluded,
		PostMaturityCorrections: t.corrections, Metrics: map[string]result.Metric{},
	}
	for v := range t.def.Variants {
		rec.Units[t.def.Variants[v].Name] = t.units(v)
	}
	if t.independent {
		rec.Split = t.split()
		t.splitVerdict = rec.Split.Verdict
		t.watch(in.kept)
	} else {
		rec.Reason = map[string]string{"split": ReasonNotIndependent}
	}
	for m := range t.def.Metrics {
		if counted(&t.def.Metrics[m]) {
			rec.Metrics[t.def.Metrics[m].Name] = t.metric(m)
		}
	}
	return rec
}

// tally is a run's sums, ordered by epoch and variant.
type tally struct {
	entry       *experiment.Entry
	version     *experiment.Version
	def         *experiment.Definition
	events      bool // unit: event
	independent bool // inference applies
	segment     int  // 0: all units
	epochs      []epoch
	excluded    int64
	corrections int64
	worst       split.Segment // the segment that came least by the weights
	worstBroken bool
	memory      *Watch // may be nil

	// Of experiments that inference applies to.
	splitVerdict string
	watched      [][]*watched // by metric and variant, nil for the control
}

// epoch is the cells of one allocation epoch by variant; one without units has zeros.
type epoch struct {
	version int64
	cells   []experiment.CellDelta
}

// newTally is that of a segment, 0 for all units. Only of all units is the strongest evidence remembered.
func newTally(in TotalInput, segment int) *tally {
	t := &tally{entry: in.Entry, version: versionAt(in.Entry, in.AsOf), segment: segment}
	if segment == 0 {
		t.memory = in.Watch
	}
	t.def = &t.version.Definition
	t.events = t.def.Unit == unitEvent
	t.independent = !t.events || t.def.RandomisedBy == unitEvent
	for i := range in.Sums.Cells {
		c := &in.Sums.Cells[i]
		if c.Segment == segment && c.Variant < len(t.def.Variants) {
			t.epoch(c.Epoch).cells[c.Variant] = *c
			t.excluded += c.Excluded
			t.corrections += c.Corrections
		}
	}
	if segment == 0 {
		t.excluded, t.corrections = in.Sums.Excluded, in.Sums.Corrections
	}
	return t
}

// epoch finds an epoch or makes it; they are in order of their versions.
func (t *tally) epoch(version int64) *epoch {
	at, found := slices.BinarySearchFunc(t.epochs, version, func(e epoch, v int64) int { return cmp.Compare(e.version, v) })
	if !found {
		fresh := epoch{version: version, cells: make([]experiment.CellDelta, len(t.def.Variants))}
		t.epochs = slices.Insert(t.epochs, at, fresh)
	}
	return &t.epochs[at]
}

// units are the kept units of a variant.
func (t *tally) units(v int) (n int64) {
	for i := range t.epochs {
		n += t.epochs[i].cells[v].Units
	}
	return n
}

// live are the sums of a metric over the units of a cell. N is its units; of means of unit: event the events with a value.
func (t *tally) live(c *experiment.CellDelta, m int) (s stats.Sums) {
	if m < len(c.Live) {
		s = c.Live[m]
	}
	if !t.events || t.def.Metrics[m].Kind != kindMean {
		s.N = c.Units
	}
	return s
}

// matured are the sums of the units that have matured. Events do with the pane in which they come; where inference does not apply
// there are no panes, and they do at once.
func (t *tally) matured(c *experiment.CellDelta, m int) (s stats.Sums) {
	if !t.independent {
		return t.live(c, m)
	}
	if m < len(c.Matured) {
		s = c.Matured[m]
	}
	if t.events && t.def.Metrics[m].Kind != kindMean {
		s.N = c.FirstSeen
	}
	return s
}

// nonZero are the matured units of a variant whose total is not 0. Rows of before it was counted know of too few.
func (t *tally) nonZero(m, v int) (n int64) {
	for i := range t.epochs {
		n += nonZero(&t.epochs[i].cells[v], m)
	}
	return n
}

func nonZero(c *experiment.CellDelta, m int) int64 {
	if m >= len(c.NonZero) {
		return 0
	}
	return c.NonZero[m]
}

// metric gives the figures of a metric by variant and against control.
func (t *tally) metric(m int) result.Metric {
	if t.def.Metrics[m].Kind == kindQuantile {
		return t.quantiles(m)
	}
	out := result.Metric{
		Kind: t.def.Metrics[m].Kind, Primary: t.independent && t.primary(m), Variants: map[string]result.Variant{}, Comparisons: map[string]result.Comparison{},
	}
	control := t.control()
	for v := range t.def.Variants {
		name := t.def.Variants[v].Name
		out.Variants[name] = t.variant(m, v)
		if v != control && control >= 0 {
			out.Comparisons[name] = t.compare(m, control, v)
		}
	}
	return out
}

// control is the index of the control, -1 for a definition without.
func (t *tally) control() int {
	return slices.IndexFunc(t.def.Variants, func(v experiment.Variant) bool { return v.Name == t.def.Control })
}

// variant gives the figures of one variant.
func (t *tally) variant(m, v int) result.Variant {
	if t.def.Metrics[m].Kind == kindRatio {
		return t.ratioOf(m, v)
	}
	var live, matured stats.Sums
	for i := range t.epochs {
		live.Add(t.live(&t.epochs[i].cells[v], m))
		matured.Add(t.matured(&t.epochs[i].cells[v], m))
	}
	digits := decimals(&t.def.Metrics[m])
	out := result.Variant{
		N: &live.N, Sum: live.SumText(digits), Mean: result.Null, Variance: result.Null,
		MaturedN: &matured.N, MaturedSum: matured.SumText(digits),
	}
	nonZero := t.nonZero(m, v)
	out.MaturedNonZero, out.MaturedDrawn = &nonZero, t.fewerDrawn(m, v, nonZero)
	mean, ok := live.Mean(digits)
	if !ok {
		out.Reason = ReasonNoUnits
		return out
	}
	out.Mean = result.Num(mean)
	variance, ok := live.Variance(digits)
	if t.def.Metrics[m].Kind == kindConversion {
		variance, ok = live.Count().Variance()
	}
	if !ok {
		out.Reason = stats.ReasonTooFewUnits
		return out
	}
	out.Variance = result.Num(variance)
	return out
}

// summed says that the kind of a metric is one that sums are kept of.
func summed(m *experiment.Metric) bool {
	return m.Kind == kindConversion || m.Kind == kindCount || m.Kind == kindMean || m.Kind == kindLast || m.Kind == kindRatio
}

// counted says that the kind of a metric is one that this version knows.
func counted(m *experiment.Metric) bool { return summed(m) || m.Kind == kindQuantile }

// decimals are the digits of a metric's sums after the point.
func decimals(m *experiment.Metric) int {
	switch {
	case !m.Valued():
		return 0
	case m.Decimals == nil:
		return 6
	}
	return *m.Decimals
}
