package load

import (
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// The kinds of effect that an experiment can have.
const (
	better  = "better"
	null    = "null"
	harmful = "harmful"
)

// arm is one experiment with its truth.
type arm struct {
	name     []byte
	kind     string
	effect   float64 // relative: on the share of buyers, or of a tagged experiment on the mean
	guarded  bool    // units make errors, and a guardrail looks at them
	variants [2]variant
}

// variant is control or treatment.
type variant struct {
	name                           []byte
	units, buyers, amounts, failed int64
}

// firstNames are the experiments that most people see.
var firstNames = []string{"checkout-button", "signup-copy", "heavy-banner"}

// arms returns the experiments by unit.
func (c *Config) arms() []arm {
	kinds := []struct {
		name   string
		effect float64
	}{{better, c.Effect}, {null, 0}, {harmful, -2 * c.Effect}}
	arms := make([]arm, c.Experiments)
	for i := range arms {
		k := kinds[i%len(kinds)]
		name := fmt.Sprintf("%s-%04d", k.name, i+1)
		if i < len(firstNames) {
			name = firstNames[i]
		}
		arms[i] = newArm(name, k.name, k.effect)
		arms[i].guarded = c.Guarded && k.name == harmful
	}
	return arms
}

// tagged returns the experiment by event.
func (c *Config) tagged() *arm {
	a := newArm("ranker-latency", better, -c.Effect) // less is better
	return &a
}

func newArm(name, kind string, effect float64) arm {
	return arm{name: []byte(name), kind: kind, effect: effect,
		variants: [2]variant{{name: []byte("control")}, {name: []byte("treatment")}}}
}

// factor is what the variant multiplies by.
func (a *arm) factor(variant uint8) float64 { return 1 + float64(float64(variant)*a.effect) }

// rate is the share of buyers.
func (a *arm) rate(variant uint8) float64 { return baseRate * a.factor(variant) }

// errorRate is the share of units that make an error.
func (a *arm) errorRate(variant uint8) float64 {
	if variant == 0 {
		return baseErrors
	}
	return baseErrors * harmfulErrors
}

func (a *arm) count(variant uint8, buyers, amount int64) {
	v := &a.variants[variant]
	v.units++
	v.buyers += buyers
	v.amounts += amount
}

// Definitions returns the experiments that the events belong to; without a start, they begin when they are applied.
func (g *Generator) Definitions() []experiment.Definition {
	var all []experiment.Definition
	for i := range g.arms {
		def := g.define(&g.arms[i], "user", []experiment.Metric{
			{Name: "purchase", Kind: "conversion", Event: string(purchaseType), Goal: "increase", Primary: true},
			{Name: "revenue", Kind: "mean", Event: string(purchaseType), Goal: "increase", Decimals: digits(2)},
		})
		if g.arms[i].guarded {
			def.Metrics = append(def.Metrics, guardrail)
			def.Grace = guardedGrace
		}
		all = append(all, def)
	}
	if g.tags != nil {
		def := g.define(g.tags, "event", []experiment.Metric{
			{Name: "latency", Kind: "mean", Event: string(callType), Goal: "decrease", Decimals: digits(1)},
		})
		def.RandomisedBy = "event"
		all = append(all, def)
	}
	return all
}

// guardrail is quick: units make their error at once.
var guardrail = experiment.Metric{
	Name: "errors", Kind: "conversion", Event: string(errorType), Window: 1000, Goal: "decrease", Guardrail: true, OnHarm: decision.Stop,
}

// guardedGrace in ms is longer than any event is late, and not much: a decision waits for it.
const guardedGrace = spread + 1000

func (g *Generator) define(a *arm, unit string, metrics []experiment.Metric) experiment.Definition {
	for i := range metrics {
		metrics[i].Window = experiment.Duration(g.cfg.Window / time.Millisecond)
	}
	return experiment.Definition{
		Experiment: string(a.name),
		Unit:       unit,
		Variants: experiment.Variants{
			{Name: string(a.variants[0].name), Weight: 1 - g.cfg.Split},
			{Name: string(a.variants[1].name), Weight: g.cfg.Split},
		},
		Control: string(a.variants[0].name),
		Metrics: metrics,
	}
}

func digits(n int) *int { return &n }
