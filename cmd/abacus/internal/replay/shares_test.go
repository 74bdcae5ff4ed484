package replay

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay/replaycases"
	"github.com/abacus-stream/abacus/codecs/event"
)

const dailyControl = "Date,Clicks,Enrolled,Paid\nMon,4,2,1\nTue,3,0,0\nWed,5,,\n"

// sharesOf writes aggregated files and reads them with metrics.
func sharesOf(t *testing.T, control, treatment string, change func(*Config), metrics ...string) ([]*Plan, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("c.csv", []byte(control), 0o600))
	require.NoError(t, os.WriteFile("t.csv", []byte(treatment), 0o600))
	cfg := Config{Experiment: "trial", Metrics: metrics}
	if change != nil {
		change(&cfg)
	}
	return NewShares(cfg, Arms([]string{"control=c.csv", "treatment=t.csv"}))
}

func TestSharesExpand(t *testing.T) {
	plans, err := sharesOf(t, dailyControl, "Date,Clicks,Enrolled,Paid\nMon,4,2,1\nTue,2,2,2\n", nil,
		"gross=share:Enrolled/Clicks", "of_paid=share:Paid/Enrolled", "net=share:Paid/Clicks")
	require.NoError(t, err)
	require.Len(t, plans, 2, "gross and net are of the same units")
	clicks, enrolled := plans[0], plans[1]
	require.Equal(t, "trial-gross", clicks.Definition.Experiment)
	require.Equal(t, "trial-of-paid", enrolled.Definition.Experiment)
	require.NoError(t, clicks.Definition.Validate())
	require.Equal(t, clicks.Last+1, enrolled.First, "event time goes on")

	counted := newTally(t, clicks)
	counted.feed(clicks)
	counted.feed(clicks) // again: nothing new
	for _, want := range []struct {
		metric, variant string
		n, converted    int64
	}{{"gross", "control", 7, 2}, {"gross", "treatment", 6, 4}, {"net", "control", 7, 1}, {"net", "treatment", 6, 3}} {
		n, converted, _, _ := counted.moments(want.metric, want.variant)
		require.Equal(t, []int64{want.n, want.converted}, []int64{n, converted}, "%v: the blank row is none of its units", want)
	}
	counted = newTally(t, enrolled)
	counted.feed(enrolled)
	n, converted, _, _ := counted.moments("of_paid", "treatment")
	require.Equal(t, []int64{4, 3}, []int64{n, converted})
}

// TestSharesDoNotDependOnTheOrderOfRows, though equal rows of both files stand for different units.
func TestSharesDoNotDependOnTheOrderOfRows(t *testing.T) {
	texts := func(control string) (all []string) {
		plans, err := sharesOf(t, control, "Date,Clicks,Enrolled,Paid\nMon,4,2,1\nMon,4,2,1\n", nil, "gross=share:Enrolled/Clicks")
		require.NoError(t, err)
		require.NoError(t, plans[0].Events(func(ev *event.Event) error {
			all = append(all, string(event.Append(nil, ev)))
			return nil
		}))
		return all
	}
	there := texts(dailyControl)
	require.Equal(t, there, texts("Date,Clicks,Enrolled,Paid\nWed,5,,\nTue,3,0,0\nMon,4,2,1\n"))
	require.Len(t, there, 7+2+8+4)
	different := map[string]bool{}
	for _, text := range there {
		different[text] = true
	}
	require.Len(t, different, len(there), "equal rows stand for different units")
}

func TestSharesFaults(t *testing.T) {
	for name, c := range map[string]struct {
		control string
		change  func(*Config)
		metrics []string
		fault   string
	}{
		"more convert than there are": {"Clicks,Enrolled\n3,1\n2,3\n", nil, nil, "c.csv: 1 bad row\n  line 3: Enrolled is 3, more than Clicks, 2\n"},
		"share of nothing":            {"Clicks,Enrolled\n3,1\n,3\n", nil, nil, `line 3: Enrolled is "3", but Clicks is blank`},
		"half a unit":                 {"Clicks,Enrolled\n3.5,1\n", nil, nil, `line 2: Clicks: "3.5" is no number of units`},
		"fewer than none":             {"Clicks,Enrolled\n3,-1\n", nil, nil, `line 2: Enrolled: "-1" is no number of units`},
		"no number":                   {"Clicks,Enrolled\n3,many\n", nil, nil, `line 2: Enrolled: "many" is no number of units`},
		"no row":                      {"Clicks,Enrolled\n", nil, nil, "c.csv: no row to count"},
		"no unit":                     {"Clicks,Enrolled\n0,0\n", func(c *Config) { c.Where = []string{"Clicks=0"} }, nil, "t.csv: no row to count"},
		"column":                      {"Clicks,Enrolments\n3,1\n", nil, nil, `--metric: gross: c.csv: no column "Enrolled": the file has Clicks, Enrolments`},
		"no slash":                    {dailyControl, nil, []string{"gross=share:Enrolled"}, "gross: share:Enrolled: want the columns of those that convert and of all"},
		"another kind":                {dailyControl, nil, []string{"gross=mean:Enrolled"}, "gross: of aggregated files there are shares only, not mean"},
		"no kind":                     {dailyControl, nil, []string{"gross"}, "want NAME=share:NUMERATOR/DENOMINATOR"},
		"no metric":                   {dailyControl, nil, []string{}, "--metric: missing"},
		"twice":                       {dailyControl, nil, []string{"a=share:Paid/Clicks", "a=share:Enrolled/Clicks"}, "a is given twice"},
		"a unit":                      {dailyControl, func(c *Config) { c.Unit = "Date" }, nil, "--unit: has no meaning for aggregated files"},
		"control":                     {dailyControl, func(c *Config) { c.Control = "B" }, nil, `--control: no row has the variant "B"`},
		"weight":                      {dailyControl, func(c *Config) { c.Weights = []string{"B=2"} }, nil, `--weight: no file has the variant "B"`},
		"name":                        {dailyControl, func(c *Config) { c.Experiment = "A B" }, nil, `--experiment: "A B" is no name`},
		"where":                       {dailyControl, func(c *Config) { c.Where = []string{"Day=Mon"} }, nil, `--where: c.csv: no column "Day"`},
	} {
		t.Run(name, func(t *testing.T) {
			if c.metrics == nil {
				c.metrics = []string{"gross=share:Enrolled/Clicks"}
			}
			_, err := sharesOf(t, c.control, "Date,Clicks,Enrolled,Paid\nMon,4,2,1\n", c.change, c.metrics...)
			require.ErrorContains(t, err, c.fault)
			var usage *UsageError
			var bad *BadRowsError
			require.True(t, errors.As(err, &usage) || errors.As(err, &bad), "with an exit code of its own")
		})
	}
	_, err := NewShares(Config{Metrics: []string{"a=share:b/c"}}, Arms([]string{"control=c.csv"}))
	require.ErrorContains(t, err, "one file alone has nothing to compare with")
	_, err = NewShares(Config{Metrics: []string{"a=share:b/c"}}, Arms([]string{"a=c.csv", "a=d.csv"}))
	require.ErrorContains(t, err, `"a" is given two files`)
	require.Nil(t, Arms([]string{"orders.csv"}))

	plans, err := sharesOf(t, "Clicks,Enrolled\n3,1\n2,3\n", "Clicks,Enrolled\n3,1\n", func(c *Config) { c.SkipBad = true }, "gross=share:Enrolled/Clicks")
	require.NoError(t, err)
	require.Equal(t, []BadRow{{3, "c.csv: Enrolled is 3, more than Clicks, 2"}}, plans[0].Bad)
}

// TestKnownShares: the events alone hold the counts of a finished experiment of which only daily totals are published.
func TestKnownShares(t *testing.T) {
	folder := os.Getenv(replaycases.Folder)
	if folder == "" {
		t.Skipf("SKIPPED: %s names no folder of data sets, so known shares are not compared", replaycases.Folder)
	}
	truths, err := replaycases.ReadTruths(folder)
	require.NoError(t, err)
	for _, c := range replaycases.Shares {
		var args []string
		for _, file := range c.Files {
			args = append(args, file.Variant+"="+filepath.Join(folder, file.File))
		}
		plans, err := NewShares(Config{Experiment: c.Name, Metrics: c.Metrics}, Arms(args))
		require.NoError(t, err)
		for _, truth := range c.Truths {
			plan := planCounting(t, plans, truth.Metric)
			counted := newTally(t, plan)
			counted.feed(plan)
			want, err := truths.Figures(truth.Path)
			require.NoError(t, err)
			compareFigures(t, counted, truth, want)
		}
	}
}

func planCounting(t *testing.T, plans []*Plan, metric string) *Plan {
	t.Helper()
	for _, p := range plans {
		for _, m := range p.Definition.Metrics {
			if m.Name == metric {
				return p
			}
		}
	}
	require.Fail(t, "no plan counts "+metric)
	return nil
}
