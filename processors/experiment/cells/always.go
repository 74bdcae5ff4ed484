package cells

import (
	"cmp"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/stats/family"
)

// Methods of the always-valid figures.
const (
	methodMultinomial = "multinomial_e_process" // of conversions: p and the relative interval
	methodSequence    = "asymptotic_sequence"
)

// watched is the always-valid track of a treatment: matured units, each counted once. A figure that is not available is NaN.
type watched struct {
	method             string
	matured            stats.Comparison // what the sequence is of
	p, adjusted        float64
	interval, relative [2]float64
	excluded           int64    // end of the last pane at whose close the interval was without 0, Unix ms; 0: never
	higher             bool     // above 0 then
	crossed            int64    // end of the pane at which p was first at most alpha; 0: never
	missing            string   // why p, or what decides beside it, is
	words              []string // why any figure is missing
}

// watch computes the always-valid track of all comparisons, by metric and variant, and adjusts its p over each family.
func (t *tally) watch(kept *figures) {
	if kept != nil && kept.watched != nil && kept.version == t.version.Version {
		t.watched = kept.watched
		return
	}
	t.watchAll()
	if kept != nil {
		*kept = figures{t.version.Version, t.watched}
	}
}

func (t *tally) watchAll() {
	t.watched = make([][]*watched, len(t.def.Metrics))
	control := t.control()
	if control < 0 || !t.independent {
		return
	}
	for m := range t.def.Metrics {
		t.watched[m] = make([]*watched, len(t.def.Variants))
		for v := range t.def.Variants {
			if v != control && summed(&t.def.Metrics[m]) {
				t.watched[m][v] = t.watchOne(m, control, v)
			}
		}
	}
	t.adjust(true)
	t.adjust(false)
}

// decision is what always-valid figures are made by: that of the first version, since changing it on the way voids them.
func (t *tally) decision() experiment.Decision {
	d := t.entry.Versions[0].Definition.Decision
	if d.Alpha == 0 {
		d.Alpha = defaultAlpha
	}
	return d
}

func (t *tally) watchOne(m, control, treatment int) *watched {
	metric, d := &t.def.Metrics[m], t.decision()
	w := &watched{method: methodSequence, matured: t.fixed(m, control, treatment, d.Alpha, ofMatured), p: math.NaN()}
	w.interval, w.relative = none, none
	if multinomial(metric) {
		w.method = methodMultinomial
	}
	if !(w.matured.N > 0) || w.matured.Reason == stats.ReasonTooFewUnits {
		w.missing = cmp.Or(w.matured.Reason, stats.ReasonTooFewUnits)
		w.lacks(w.missing)
		return w
	}
	w.sequence(always.Sequence{PlannedUnits: d.PlannedUnits}, d.Alpha, t.ready(m, control, treatment))
	if w.method == methodMultinomial {
		w.multinomial(t.conversions(m, control, treatment), d.Alpha)
	}
	if seen := t.memory.find(testKey{ofComparison, m, treatment}); seen != nil {
		w.p, w.excluded, w.higher, w.crossed = seen.P(), seen.excluded, seen.higher, seen.Crossed
	}
	return w
}

// none is an interval that is not available.
var none = [2]float64{math.NaN(), math.NaN()}

// multinomial says that a metric's evidence is the exact one of conversions. With a covariate it is that of the sequence, as a
// count of conversions cannot be adjusted.
func multinomial(m *experiment.Metric) bool { return m.Kind == kindConversion && m.Covariate == nil }

// ready says why an asymptotic figure must not be given yet, empty where it may: where an epoch is ready by itself.
func (t *tally) ready(m, control, treatment int) (reason string) {
	reason = always.ReasonTooFewNonZero
	for i := range t.epochs {
		if reason = t.readyIn(i, m, control, treatment); reason == "" {
			break
		}
	}
	return reason
}

// readyIn is ready of one epoch. Epochs weigh by their units of both arms: one with a few units in one arm would weigh as much as
// thousands in the other, so it is left out until it is ready.
func (t *tally) readyIn(epoch, m, control, treatment int) string {
	cells := t.epochs[epoch].cells
	return always.Ready(nonZero(&cells[control], m), nonZero(&cells[treatment], m), t.uncapped(m), t.tests(m))
}

// tests is how many tests p is adjusted over in a metric's family.
func (t *tally) tests(m int) (n int) {
	for other := range t.def.Metrics {
		if summed(&t.def.Metrics[other]) && t.primary(other) == t.primary(m) {
			n += len(t.def.Variants) - 1
		}
	}
	return n
}

// left says that an epoch is left out of a comparison: of matured units where others are ready and it is not.
func (t *tally) left(epoch, m, control, treatment int, of track) bool {
	return of == ofMatured && t.ready(m, control, treatment) == "" && t.readyIn(epoch, m, control, treatment) != ""
}

// sequence sets the figures of the asymptotic sequence, if it is ready.
func (w *watched) sequence(s always.Sequence, alpha float64, unready string) {
	logE, reason := s.LogE(w.matured)
	if unready != "" {
		reason = unready
	}
	if w.missing = reason; reason != "" {
		w.lacks(reason)
		return
	}
	w.p = pOf(logE, alpha)
	interval, reason := s.Interval(w.matured, alpha)
	w.missing = w.take(&w.interval, interval, reason)
	interval, reason = s.RelativeInterval(w.matured, alpha)
	w.take(&w.relative, interval, reason)
}

// multinomial puts the exact p and relative interval of conversions in the place of the asymptotic ones.
func (w *watched) multinomial(epochs []always.Epoch, alpha float64) {
	w.p, w.relative = math.NaN(), none
	logE, reason := always.LiftLogE(epochs, 0)
	if reason == "" {
		w.p = pOf(logE, alpha)
	}
	interval, reason := always.LiftInterval(epochs, alpha) // has a reason where LiftLogE has one
	w.missing = w.take(&w.relative, interval, reason)
}

// pOf is 1/e, at most 1.
func pOf(logE, alpha float64) float64 {
	var evidence always.Evidence
	evidence.Observe(logE, 1, alpha)
	return evidence.P()
}

// take keeps an interval that has no reason to be missing, and gives the reason back.
func (w *watched) take(into *[2]float64, interval [2]float64, reason string) string {
	if reason == "" {
		*into = interval
	}
	w.lacks(reason)
	return reason
}

// lacks notes why a figure is missing, nothing for an empty word.
func (w *watched) lacks(word string) {
	if word != "" && !slices.Contains(w.words, word) {
		w.words = append(w.words, word)
	}
}

// conversions are the matured units that converted, by epoch with its weights: those that came to their variants by them, since the
// e-process would take any others for an effect.
func (t *tally) conversions(m, control, treatment int) []always.Epoch {
	epochs := make([]always.Epoch, len(t.epochs))
	for i := range t.epochs {
		e, variants := &t.epochs[i], t.variantsOf(t.epochs[i].version)
		epochs[i] = always.Epoch{
			ControlWeight: variants[control].Weight, TreatmentWeight: variants[treatment].Weight,
			Control: drawn(&e.cells[control], m), Treatment: drawn(&e.cells[treatment], m),
		}
	}
	return epochs
}

// adjust adjusts the p of a family: the primary metrics times the treatments, or the other metrics times them.
func (t *tally) adjust(primary bool) {
	var tests []*watched
	var p []float64
	for m := range t.watched {
		for _, w := range t.watched[m] {
			if w != nil && t.primary(m) == primary {
				tests, p = append(tests, w), append(p, w.p)
			}
		}
	}
	if t.decision().Correction != correctionNone {
		p = family.Holm(p)
	}
	for i, w := range tests {
		if w.adjusted = p[i]; math.IsNaN(w.p) {
			w.adjusted = math.NaN()
		}
	}
}

const correctionNone = "none"

// primary says whether a metric decides. Where the definition marks none, all do but guardrails; of a segment none does.
func (t *tally) primary(m int) bool {
	if t.segment > 0 {
		return false
	}
	for i := range t.def.Metrics {
		if t.def.Metrics[i].Primary {
			return t.def.Metrics[m].Primary
		}
	}
	return !t.def.Metrics[m].Guardrail && t.def.Metrics[m].Kind != kindQuantile
}
