package cells

import (
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/stats/split"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
	"github.com/abacus-stream/abacus/topology"
)

// harmBudget is the probability that guardrails without harm have an experiment stopped, or somebody told, in all its life.
const harmBudget = 0.01

// guarded says that a metric is a guardrail which is acted upon.
func guarded(m *experiment.Metric) bool { return m.Guardrail && m.OnHarm != "" && summed(m) }

// stopsOnHarm says that some guardrail asks for the end of the experiment.
func (t *tally) stopsOnHarm() bool {
	for i := range t.def.Metrics {
		if m := &t.def.Metrics[i]; guarded(m) && m.OnHarm == decision.Stop {
			return true
		}
	}
	return false
}

// harmAlpha is the share of the budget of one guardrail and one treatment (Bonferroni).
func (t *tally) harmAlpha() float64 {
	guardrails := 0
	for i := range t.def.Metrics {
		if guarded(&t.def.Metrics[i]) {
			guardrails++
		}
	}
	return harmBudget / float64(guardrails*(len(t.def.Variants)-1))
}

// guard observes a guardrail of a treatment, and decides when its evidence of harm crosses.
func (w *Watch) guard(t *tally, key testKey, control int, end int64) []*decision.Record {
	if !guarded(&t.def.Metrics[key.metric]) {
		return nil
	}
	logE, reason := t.harm(key.metric, control, key.variant)
	if reason != "" {
		return nil
	}
	seen := w.test(key)
	before := seen.Crossed
	seen.Observe(logE, end, t.harmAlpha())
	if before != 0 || seen.Crossed == 0 {
		return nil
	}
	return []*decision.Record{t.harmed(seen, control, end)}
}

// harm is the one-sided log e-value of "no harm beyond the margin".
func (t *tally) harm(m, control, treatment int) (logE float64, reason string) {
	metric, d := &t.def.Metrics[m], t.decision()
	bound := -metric.Margin
	if metric.Goal == goalDecrease {
		bound = metric.Margin
	}
	if multinomial(metric) {
		epochs := t.conversions(m, control, treatment)
		if metric.Goal == goalDecrease {
			return always.LiftLogEAbove(epochs, bound)
		}
		return always.LiftLogEBelow(epochs, bound)
	}
	if reason = t.ready(m, control, treatment); reason != "" {
		return 0, reason
	}
	c, s := t.fixed(m, control, treatment, d.Alpha, ofMatured), always.Sequence{PlannedUnits: d.PlannedUnits}
	if metric.Goal == goalDecrease {
		return s.LogEAbove(c, bound)
	}
	return s.LogEBelow(c, bound)
}

// harmed is the decision on a harmful treatment.
func (t *tally) harmed(seen *test, control int, end int64) *decision.Record {
	metric := &t.def.Metrics[seen.metric]
	rec := t.decided(metric.Name, t.def.Variants[seen.variant].Name, seen.Evidence, end)
	rec.Action, rec.Alpha, rec.Budget, rec.Margin = metric.OnHarm, t.harmAlpha(), harmBudget, metric.Margin
	rec.Control, rec.Treatment = t.arm(seen.metric, control), t.arm(seen.metric, seen.variant)
	c := t.fixed(seen.metric, control, seen.variant, t.decision().Alpha, ofMatured)
	rec.Reason = verdict.Harm{
		Metric: metric.Name, Variant: rec.Variant, Control: t.def.Control, Effect: c.Relative, Margin: metric.Margin,
		Decrease: metric.Goal == goalDecrease,
	}.Reason()
	return rec
}

// brokenSplit is the decision on units that do not come by the weights.
func (t *tally) brokenSplit(seen always.Evidence, end int64) *decision.Record {
	rec := t.decided(decision.Split, "", seen, end)
	rec.Action, rec.Alpha, rec.Budget = decision.Stop, split.Alpha, split.Alpha
	rec.FirstSeen = map[string]int64{}
	for v, variant := range t.def.Variants {
		rec.FirstSeen[variant.Name] = t.came(v)
	}
	_, rec.Reason = verdict.Split{PSequential: rec.P, PCrossed: 1, PChi2: 1}.Judge()
	return rec
}

// decided is what all decisions have.
func (t *tally) decided(metric, variant string, seen always.Evidence, end int64) *decision.Record {
	name, run := t.entry.Experiment, int64(t.entry.Run)
	return &decision.Record{
		V: decision.Version, ID: decision.ID(name, run, metric, variant), Experiment: name, Run: run, Metric: metric, Variant: variant,
		ConfigVersion: t.version.Version, Pane: end - second, LogE: seen.LogE, E: result.Num(math.Exp(seen.LogE)), P: seen.P(),
	}
}

// arm is the matured units of a variant.
func (t *tally) arm(m, v int) *decision.Arm {
	if t.def.Metrics[m].Kind == kindRatio {
		return t.ratioArm(m, v)
	}
	var sums stats.Sums
	for i := range t.epochs {
		sums.Add(t.matured(&t.epochs[i].cells[v], m))
	}
	digits := decimals(&t.def.Metrics[m])
	mean, _ := sums.Mean(digits)
	return &decision.Arm{N: sums.N, Sum: sums.SumText(digits), Mean: result.Num(mean)}
}

// ratioArm is the evidence of a ratio: sum is the numerator's, mean R.
func (t *tally) ratioArm(m, v int) *decision.Arm {
	var sums stats.Joint
	for i := range t.epochs {
		sums.Add(t.joint(&t.epochs[i].cells[v], m, ofMatured))
	}
	r, _, _ := sums.Ratio(t.scales(m))
	return &decision.Arm{N: sums.N, Sum: sums.Sums(0).SumText(t.scales(m)[0]), Mean: result.Num(r)}
}

// decide sends the decisions of a pane.
func (p *processor) decide(made []*decision.Record) error {
	for _, rec := range made {
		p.ctx.Count(CountDecisions, 1)
		if err := p.told(&topology.Record[string, *decision.Record]{Key: rec.Experiment, Value: rec, Time: rec.Pane}); err != nil {
			return fmt.Errorf("cells: decision %s: %w", rec.ID, err)
		}
	}
	return nil
}
