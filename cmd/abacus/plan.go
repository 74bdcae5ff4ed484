package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats/power"
)

const planLong = `Plan tells how many units an experiment needs to find an effect, and with --units-per-day how long it takes.

Give the rate of a conversion (--baseline), or the mean and standard deviation of anything else (--mean, --sd), and the
smallest relative effect worth finding (--mde). It answers for one look at the end and for looking all the time, which is
what verdicts rest on: that is the most it takes, a clear effect is found sooner. planned_units goes into the definition.
With several treatments or primary metrics alpha is divided by their number, the worst case of Holm's correction.
It needs no broker.`

const planExample = `  abacus plan --baseline 0.05 --mde 0.03
  abacus plan --baseline 0.05 --mde 0.03 --weights 90,10 --units-per-day 40000 --window 7d
  abacus plan --mean 12.4 --sd 31 --mde 0.02 --weights 1,1,1 -o json | jq .always_valid.total`

// planning is one abacus plan.
type planning struct {
	baseline, mean, sd, mde float64
	alpha, power            float64
	weights                 []float64 // control first
	metrics                 int
	perDay                  float64
	window                  string
}

func newPlanCommand() *cobra.Command {
	var p planning
	cmd := &cobra.Command{
		Use: "plan", Short: "Units and days that an experiment needs", Long: planLong, Example: planExample,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			answer, err := p.answer(cmd.Flags().Changed)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			if settingsOf(cmd).Output == jsonOutput {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(answer)
			}
			return answer.print(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Float64Var(&p.baseline, "baseline", 0, "conversion `rate` of control, between 0 and 1")
	flags.Float64Var(&p.mean, "mean", 0, "`mean` of control of any other metric, per unit")
	flags.Float64Var(&p.sd, "sd", 0, "standard `deviation` of one unit, with --mean")
	flags.Float64Var(&p.mde, "mde", 0, "smallest relative `effect` to find: 0.03 is 3 %")
	flags.Float64Var(&p.alpha, "alpha", 0.05, "`level`, two-sided, of the experiment as a whole")
	flags.Float64Var(&p.power, "power", 0.8, "`chance` to find the effect")
	flags.Float64SliceVar(&p.weights, "weights", []float64{1, 1}, "`weights` of the variants, control first, comma-separated")
	flags.Lookup("weights").DefValue = "1,1"
	flags.IntVar(&p.metrics, "primary-metrics", 1, "`number` of primary metrics")
	flags.Float64Var(&p.perDay, "units-per-day", 0, "`units` that enter a day")
	flags.StringVar(&p.window, "window", "0s", "the metric's `window`: how long the last unit takes to mature")
	return cmd
}

// planned is the answer, and its JSON form.
type planned struct {
	Baseline     *float64   `json:"baseline,omitempty"`
	Mean         *float64   `json:"mean,omitempty"`
	SD           *float64   `json:"sd,omitempty"`
	MDE          float64    `json:"mde"`
	Alpha        float64    `json:"alpha"`
	Comparisons  int        `json:"comparisons"` // primary metrics x treatments, over which alpha is divided
	Power        float64    `json:"power"`
	Weights      []float64  `json:"weights"`
	FixedHorizon plannedFor `json:"fixed_horizon"`
	AlwaysValid  plannedFor `json:"always_valid"`
	PlannedUnits int64      `json:"planned_units"` // of control and the rarest treatment
}

// plannedFor is what one way to look takes.
type plannedFor struct {
	Units []int64  `json:"units"` // by variant, control first
	Total int64    `json:"total"`
	Days  *float64 `json:"days"` // null without units a day
}

// answer plans for the comparison of control with the treatment of least weight.
func (p planning) answer(given func(flag string) bool) (*planned, error) {
	rarest, sum, err := p.rarest()
	if err != nil {
		return nil, err
	}
	window, err := experiment.ParseDuration(p.window)
	switch {
	case err != nil || window == experiment.Unlimited:
		return nil, fmt.Errorf("--window %q: want a length of time such as 24h or 7d", p.window)
	case given("baseline") == given("mean"):
		return nil, fmt.Errorf("want either --baseline of a conversion or --mean and --sd of another metric")
	case given("mean") != given("sd"):
		return nil, fmt.Errorf("--mean and --sd go together")
	case !given("mde"):
		return nil, fmt.Errorf("--mde is missing: the smallest relative effect to find, such as 0.03")
	case p.metrics < 1:
		return nil, fmt.Errorf("--primary-metrics %d: want at least 1", p.metrics)
	case given("units-per-day") && !(p.perDay > 0):
		return nil, fmt.Errorf("--units-per-day %v: want more than 0", p.perDay)
	case p.alpha == 0 || p.power == 0:
		return nil, fmt.Errorf("--alpha %v --power %v: neither may be 0", p.alpha, p.power)
	}
	family := p.metrics * (len(p.weights) - 1)
	out := &planned{MDE: p.mde, Alpha: p.alpha, Comparisons: family, Power: p.power}
	for _, w := range p.weights {
		out.Weights = append(out.Weights, w/sum)
	}
	plan := power.Plan{Alpha: p.alpha / float64(family), Power: p.power, Share: rarest / (rarest + p.weights[0])}
	for _, way := range []*plannedFor{&out.FixedHorizon, &out.AlwaysValid} {
		plan.AlwaysValid = way == &out.AlwaysValid
		units, err := p.units(plan, given("mean"), out)
		if err != nil {
			return nil, err
		}
		if err := way.fill(p, units, rarest, time.Duration(window)*time.Millisecond); err != nil {
			return nil, err
		}
		out.PlannedUnits = units.Both() // of the last, the always valid
	}
	return out, nil
}

// units asks for a rate or a mean, and notes which.
func (p planning) units(plan power.Plan, ofMean bool, out *planned) (power.Units, error) {
	if ofMean {
		out.Mean, out.SD = &p.mean, &p.sd
		return plan.Means(p.mean, p.sd, p.mde)
	}
	out.Baseline = &p.baseline
	return plan.Rates(p.baseline, p.mde)
}

// rarest is the least weight of a treatment, and the sum of all.
func (p planning) rarest() (rarest, sum float64, err error) {
	if len(p.weights) < 2 {
		return 0, 0, fmt.Errorf("--weights: want control and at least one treatment")
	}
	rarest = math.Inf(1)
	for i, w := range p.weights {
		if !(w > 0) || math.IsInf(w, 0) {
			return 0, 0, fmt.Errorf("--weights: %v is no weight, want more than 0", w)
		}
		if i > 0 {
			rarest = min(rarest, w)
		}
		sum += w
	}
	return rarest, sum, nil
}

// fill gives each variant its units in proportion to its weight.
func (w *plannedFor) fill(p planning, units power.Units, rarest float64, window time.Duration) error {
	for _, weight := range p.weights {
		n := int64(math.Ceil(float64(units.Treatment) / rarest * weight))
		w.Units = append(w.Units, n)
		w.Total += n
	}
	if p.perDay == 0 {
		return nil
	}
	length, err := power.Duration(w.Total, p.perDay, window)
	if err != nil {
		return fmt.Errorf("--units-per-day: %w", err)
	}
	days := length.Hours() / 24
	w.Days = &days
	return nil
}

// print is the answer for people.
func (a *planned) print(w io.Writer) error {
	what := ""
	if a.Baseline != nil {
		what = fmt.Sprintf("rate %.6g -> %.6g", *a.Baseline, *a.Baseline*(1+a.MDE))
	} else {
		what = fmt.Sprintf("mean %.6g -> %.6g, sd %.6g", *a.Mean, *a.Mean+math.Abs(*a.Mean)*a.MDE, *a.SD)
	}
	fmt.Fprintf(w, "%s (%+.3g %%), power %.3g, alpha %.3g", what, 100*a.MDE, a.Power, a.Alpha)
	if a.Comparisons > 1 {
		fmt.Fprintf(w, " over %d comparisons", a.Comparisons)
	}
	fmt.Fprint(w, "\n\n")
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	header := []string{"", "control", "treatment"}
	if len(a.Weights) > 2 {
		header = header[:2]
		for i := 1; i < len(a.Weights); i++ {
			header = append(header, fmt.Sprintf("treatment %d", i))
		}
	}
	fmt.Fprintln(table, strings.Join(append(header, "total", "days"), "\t")+"\t")
	a.FixedHorizon.row(table, "one look at the end")
	a.AlwaysValid.row(table, "always valid, at most")
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nIn the definition: decision: {planned_units: %d}\n"+
		"(control and the rarest treatment; the table rounds each variant up to its weight)\n", a.PlannedUnits)
	return err
}

func (w plannedFor) row(out io.Writer, name string) {
	fmt.Fprintf(out, "%s\t", name)
	for _, n := range w.Units {
		fmt.Fprintf(out, "%s\t", table.Thousands(n))
	}
	fmt.Fprintf(out, "%s\t", table.Thousands(w.Total))
	if w.Days == nil {
		fmt.Fprintln(out, "-\t")
		return
	}
	fmt.Fprintf(out, "%.3g\t\n", *w.Days)
}
