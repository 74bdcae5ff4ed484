package load

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/abacus-stream/abacus/codecs/event"
)

// Truth is what a processor must have counted once everything has come: after Stop and Done.
type Truth struct {
	Seed       uint64 `json:"seed"`
	Events     int64  `json:"events"`     // that have left, all of the following included
	Duplicates int64  `json:"duplicates"` // events that came again
	Late       int64  `json:"late"`       // events with an older time
	Tagged     int64  `json:"tagged"`     // events of the experiment by event

	Experiments []ExperimentTruth `json:"experiments"`
}

// ExperimentTruth is the truth of one experiment.
type ExperimentTruth struct {
	Experiment string         `json:"experiment"`
	Kind       string         `json:"kind"`   // better, null or harmful
	Effect     float64        `json:"effect"` // relative: on the share of buyers; by event on the mean
	Variants   []VariantTruth `json:"variants"`
}

// VariantTruth is what one variant must show.
type VariantTruth struct {
	Variant string  `json:"variant"`
	Units   int64   `json:"units"`            // by event: the events
	Buyers  int64   `json:"buyers,omitempty"` // sum of the conversion
	Sum     string  `json:"sum"`              // of revenue, or of latency
	Errors  int64   `json:"errors,omitempty"` // sum of the guardrail
	Rate    float64 `json:"rate,omitempty"`   // the share of buyers that the draw had
}

// Truth returns what has been made so far.
func (g *Generator) Truth() Truth {
	t := g.truth
	t.Seed = g.cfg.Seed
	for i := range g.arms {
		t.Experiments = append(t.Experiments, g.arms[i].truth(2, true))
	}
	if g.tags != nil {
		t.Experiments = append(t.Experiments, g.tags.truth(1, false))
	}
	return t
}

func (a *arm) truth(decimals int, rated bool) ExperimentTruth {
	t := ExperimentTruth{Experiment: string(a.name), Kind: a.kind, Effect: a.effect}
	for i := range a.variants {
		v := &a.variants[i]
		one := VariantTruth{
			Variant: string(v.name), Units: v.units, Buyers: v.buyers,
			Sum: event.NewDecimal(v.amounts, decimals).String(), Errors: v.failed,
		}
		if rated {
			one.Rate = a.rate(uint8(i))
		}
		t.Variants = append(t.Variants, one)
	}
	return t
}

// Write writes the truth as a table for people.
func (t Truth) Write(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "truth of seed %d: %d events, of them %d duplicates, %d late, %d tagged\n",
		t.Seed, t.Events, t.Duplicates, t.Late, t.Tagged); err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "experiment\teffect\tvariant\tunits\tbuyers\tsum")
	for _, e := range t.Experiments {
		for i, v := range e.Variants {
			name, effect := e.Experiment, fmt.Sprintf("%+.3g %%", 100*e.Effect)
			if i > 0 {
				name, effect = "", ""
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\n", name, effect, v.Variant, v.Units, v.Buyers, v.Sum)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	return nil
}
