package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/processors/experiment"
)

const replayLong = `Replay feeds the rows of a CSV file (also .gz) as events of one experiment, and makes that experiment.

Every row is an exposure of its unit and carries its metrics, unless --exposure picks the rows that are exposures.
A blank cell is no event: the unit still counts, with 0. A file that is fed again, or shuffled, changes nothing.

With --embedded a Kafka, a Redis and the processor run in this process; the totals are printed when all is processed,
and then recomputed from the log. Else the events go to the brokers, where abacus run processes them; --wait prints
the totals when it is through.

Metrics   NAME=conversion:COL       true, yes, y, t or a number that is not 0
          NAME=conversion:COND      rows where the condition holds
          NAME=mean:COL[?COND]      the column's numbers, summed by unit
          NAME=count:COND           rows by unit
          NAME=quantile:COL[?COND]  the median, 95 % and 99 % of the column's numbers, row by row
          NAME=ratio:METRIC/METRIC  the sum of one of the other metrics over that of another
          NAME=share:COL/COL        of aggregated files, see below
Options   ,cap=N of a unit's total  ,decimals=N kept of each value (default what the file needs, at most 9)
          ,covariate=COL            adjust by what the column tells of the unit's time before (CUPED): of the row that exposed it; blank is 0
Segments  --segment hour=15,16      figures of these values of a column too, of all others as hour=other
COND      col=v, !=, <, <=, >, >= by number or time; col= for blank; | between alternatives

Aggregated files, one a variant: VARIANT=FILE VARIANT=FILE with --metric gross=share:Enrollments/Clicks alone. A row stands for as
many units as the second column says, of which as many convert as the first says; where the first is blank the metric skips
the row. Metrics of the same units share an experiment; else each is NAME-METRIC. The control is the variant called so.`

const replayExample = `  # one row a unit; no time column
  abacus replay cookie_cats.csv.gz --experiment cookie-cats --unit userid --variant version --control gate_30 \
      --metric retention_7=conversion:retention_7 --metric rounds=mean:sum_gamerounds,cap=500 --embedded

  # a log of actions: views expose, clicks convert
  abacus replay homepage_actions.csv --experiment homepage --unit id --variant group --control control \
      --time timestamp --exposure action=view --metric click=conversion:action=click --wait

  # no id column; see what would be fed before it is
  abacus replay hillstrom.csv.gz --experiment mail --unit '#row' --variant segment --control 'No E-Mail' \
      --metric visit=conversion:visit --metric spend=mean:spend,covariate=history --metric each=ratio:spend/visit --dry-run

  # daily totals, one file a variant
  abacus replay control=control_data.csv treatment=experiment_data.csv --experiment free-trial \
      --metric gross=share:Enrollments/Clicks --metric net=share:Payments/Clicks --embedded`

// replaying is one abacus replay whose file has been surveyed.
type replaying struct {
	Plans    []*replay.Plan // one, but of aggregated files one for each set of units
	Embedded bool           // broker, Redis and processor in this process
	Wait     bool           // until everything is processed, closed and mirrored
}

// newReplayCommand returns abacus replay. feed makes the experiments, produces the plans' events and shows the results.
func newReplayCommand(feed func(cmd *cobra.Command, r *replaying) error) *cobra.Command {
	var (
		cfg replay.Config
		r   replaying
		dry bool
	)
	cmd := &cobra.Command{
		Use:     "replay FILE.csv[.gz] | VARIANT=FILE VARIANT=FILE...",
		Short:   "Feed a finished experiment from a CSV file",
		Long:    replayLong,
		Example: replayExample,
		Args:    usageArgs(oneFile),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg.Now = time.Now().UnixMilli()
			if r.Plans, err = plansOf(cfg, args); err != nil {
				return err
			}
			w, output := cmd.ErrOrStderr(), textOutput
			if dry {
				w, output = cmd.OutOrStdout(), settingsOf(cmd).Output
			}
			for _, p := range r.Plans {
				if err := printPlan(w, p, output); err != nil {
					return err
				}
			}
			if dry {
				return nil
			}
			return feed(cmd, &r)
		},
	}
	cfg.Bind(cmd.Flags())
	cmd.Flags().BoolVar(&r.Embedded, "embedded", false, "Kafka, Redis and processor in this process; implies --wait")
	cmd.Flags().BoolVar(&r.Wait, "wait", false, "wait until everything is processed, closed and mirrored")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "read the file and print what would be fed")
	return cmd
}

// plansOf reads the file, or the aggregated files.
func plansOf(cfg replay.Config, args []string) ([]*replay.Plan, error) {
	if arms := replay.Arms(args); arms != nil {
		return replay.NewShares(cfg, arms)
	}
	cfg.File = args[0]
	plan, err := replay.New(cfg)
	return []*replay.Plan{plan}, err
}

func oneFile(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return errors.New("name the CSV file to replay")
	case 1:
		return nil
	}
	if replay.Arms(args) != nil {
		return nil
	}
	return fmt.Errorf("one CSV file at a time, or VARIANT=FILE of each aggregated one, got %q", args)
}

// printPlan tells what the file says, for people or as one JSON object.
func printPlan(w io.Writer, p *replay.Plan, output string) error {
	if output == jsonOutput {
		return json.NewEncoder(w).Encode(map[string]any{
			"definition": p.Definition, "rows": p.Rows, "unchosen": p.Unchosen, "bad": p.BadRows,
			"conflicting": p.Conflicting, "first": p.First, "last": p.Last, "lateness_ms": p.Lateness.Milliseconds(),
		})
	}
	return printPlanText(w, p)
}

func printPlanText(w io.Writer, p *replay.Plan) error {
	def := &p.Definition
	fmt.Fprintf(w, "%s: %s", def.Experiment, table.Count(int64(p.Rows), "row"))
	for _, left := range []struct {
		rows int
		why  string
	}{{p.Unchosen, "not chosen"}, {p.Conflicting, "of values in two variants"}, {p.BadRows, "bad"}} {
		if left.rows > 0 {
			fmt.Fprintf(w, ", %s %s", table.Thousands(int64(left.rows)), left.why)
		}
	}
	fmt.Fprintf(w, "\n  from %s to %s, up to %s late\n", shownTime(p.First), shownTime(p.Last), experiment.Duration(p.Lateness.Milliseconds()))
	var weights float64
	for _, v := range def.Variants {
		weights += v.Weight
	}
	for _, v := range def.Variants {
		role := "treatment"
		if v.Name == def.Control {
			role = "control"
		}
		fmt.Fprintf(w, "  %-9s %-20s %5.1f %%\n", role, v.Name, 100*v.Weight/weights)
	}
	for _, m := range def.Metrics {
		fmt.Fprintf(w, "  metric    %-20s %s", m.Name, m.Kind)
		if m.Decimals != nil {
			fmt.Fprintf(w, ", %s", table.Count(int64(*m.Decimals), "decimal"))
		}
		if m.Cap != nil {
			fmt.Fprintf(w, ", cap %s", *m.Cap)
		}
		if m.Numerator != "" {
			fmt.Fprintf(w, " %s/%s", m.Numerator, m.Denominator)
		}
		if m.Covariate != nil {
			fmt.Fprintf(w, ", %s", m.Covariate.Prop)
		}
		fmt.Fprintln(w)
	}
	for _, s := range def.Segments {
		fmt.Fprintf(w, "  segments  %-20s %s\n", s.Name, strings.Join(append(slices.Clone(s.Values), experiment.OtherSegment), ", "))
	}
	for _, row := range p.Bad {
		fmt.Fprintf(w, "  bad row, line %d: %s\n", row.Line, row.Reason)
	}
	return nil
}

func shownTime(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
