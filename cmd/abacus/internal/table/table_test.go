package table

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// shop returns a table of three experiments, one with three arms.
func shop() *Table {
	t := &Table{}
	t.Update(fake("signup-copy", 10_000, 0.001))
	t.Update(fake("checkout-button", 10_000, 0.05, -0.1))
	broken := fake("heavy-banner", 500, -0.3)
	broken.Split.Verdict, broken.Split.Reason = "broken split", "Units do not come as they should."
	t.Update(broken)
	return t
}

func render(t *testing.T, table *Table, width int) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, table.Render(&b, width))
	return b.String()
}

const wide = `3 experiments · 51,000 units · as of 2026-09-21 14:14:20 UTC
  metric    variant       units    value      lift      95 % at any time  -50 %       0       +50 %  p always  verdict

checkout-button  split ok  30,000 units · 12 excluded · 3 events dropped
  purchase  control      10,000  20.00 %
            treatment    10,000  21.00 %   +5.00 %  [ -3.49 %, +13.49 %]             ─┼●──             0.6954  no difference yet
            treatment 2  10,000  18.00 %  -10.00 %  [-18.49 %,  -1.51 %]          ──●─┼                0.0037  worse
  revenue   control      10,000   5.2235
            treatment    10,000   5.4847   +5.00 %  [ -7.60 %, +17.60 %]            ──┼●───            1.0000  no difference yet
            treatment 2  10,000   4.7012  -10.00 %  [-22.60 %,  +2.60 %]         ───●─┼─               0.1554  no difference yet
  purchase of treatment 2 is worse: A sentence.

heavy-banner  broken split  1,000 units · 12 excluded · 3 events dropped
  Units do not come as they should.
  purchase  control         500  20.00 %
            treatment       500  14.00 %  -30.00 %  [-67.97 %,  +7.97 %]  ◂────●──────┼──              0.1599  no difference yet
  revenue   control         500   5.2235
            treatment       500   3.6564  -30.00 %  [-86.35 %, +26.35 %]  ◂────●──────┼──────          0.9920  no difference yet

signup-copy  split ok  20,000 units · 12 excluded · 3 events dropped
  purchase  control      10,000  20.00 %
            treatment    10,000  20.02 %   +0.10 %  [ -8.39 %,  +8.59 %]            ──●──              1.0000  no difference yet
  revenue   control      10,000   5.2235
            treatment    10,000   5.2287   +0.10 %  [-12.50 %, +12.70 %]           ───●───             1.0000  no difference yet
`

func TestRender(t *testing.T) {
	require.Equal(t, wide, render(t, shop(), 140))
}

// TestWidths: no line is wider than asked for, and what matters most stays.
func TestWidths(t *testing.T) {
	for width := 1; width < 160; width++ {
		text := render(t, shop(), width)
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			require.LessOrEqual(t, utf8.RuneCountInString(line), width, line)
			require.Equal(t, strings.TrimRight(line, " "), line)
		}
	}
	require.Contains(t, render(t, shop(), 80), "at any time")
	require.NotContains(t, render(t, shop(), 80), "●")
	require.Contains(t, render(t, shop(), 80), "no difference yet")
	require.NotContains(t, render(t, shop(), 140), "fixed horizon")
	require.Contains(t, render(t, shop(), 170), "fixed horizon")
	require.Contains(t, render(t, shop(), 60), "lift")
}

func TestColor(t *testing.T) {
	plain := shop()
	require.NotContains(t, render(t, plain, 120), "\x1b")
	colored := shop()
	colored.Color = true
	text := render(t, colored, 120)
	require.Contains(t, text, "\x1b[1mcheckout-button\x1b[0m")
	require.Contains(t, text, "\x1b[33mbroken split\x1b[0m")
	for _, escape := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m"} {
		text = strings.ReplaceAll(text, escape, "")
	}
	require.Equal(t, render(t, plain, 120), text, "colours take no room")
}

func TestUpdate(t *testing.T) {
	table := &Table{}
	require.Equal(t, "no results yet\n", render(t, table, 80))
	window := fake("shop", 10, 0.1)
	window.Grain = "60s"
	table.Update(window)
	require.Equal(t, "no results yet\n", render(t, table, 80))
	table.Update(fake("shop", 10, 0.1))
	table.Update(fake("shop", 2000, 0.1))
	require.Contains(t, render(t, table, 80), "1 experiment · 4,000 units")
}

// TestNarrow: where no figure of a control has room, its row goes, and the metric's name stands before its treatments.
func TestNarrow(t *testing.T) {
	text := render(t, shop(), 80)
	require.NotContains(t, text, "  control")
	require.Equal(t, 3, strings.Count(text, "\n  purchase  treatment  "), text)
	plain := &Table{}
	rec := fake("shop", 10, 0.1)
	rec.Metrics["purchase"] = result.Metric{Kind: "conversion", Variants: rec.Metrics["purchase"].Variants}
	plain.Update(rec)
	require.Contains(t, render(t, plain, 80), "\n  purchase  control", "nothing is compared")
}

// TestSentences: words for machines are in the records, not in the table.
func TestSentences(t *testing.T) {
	rec := fake("shop", 10_000, 0.05)
	rec.Split.Reason = "2.1 % of the units were seen in several variants and are left out (excluded_share)."
	c := rec.Metrics["purchase"].Comparisons["treatment"]
	c.Verdict, c.Reason = "better", "It is (surely) so (no_variance; too_few_nonzero_units)."
	rec.Metrics["purchase"].Comparisons["treatment"] = c
	table := &Table{}
	table.Update(rec)
	table.Decide(&decision.Record{Experiment: "shop", Run: 1, Action: "stop", Reason: "Units come oddly (crossed)."})
	text := render(t, table, 140)
	require.Contains(t, text, "are left out.\n")
	require.Contains(t, text, "purchase of treatment is better: It is (surely) so.\n")
	require.Contains(t, text, "stopped: Units come oddly.\n")
}

// TestUnevenArms: arms that do not fit their weights at one look are told beside what assumes the weights.
func TestUnevenArms(t *testing.T) {
	rec := fake("shop", 10_000, 0.05)
	rec.Split.Weights, rec.Units["treatment"] = map[string]float64{"control": 0.5, "treatment": 0.5}, 9000
	table := &Table{}
	for p, want := range map[float64]bool{2.4e-5: true, 0.2: false} {
		rec.Split.PChi2 = result.Num(p)
		table.Update(rec)
		hint := "\n  Intervals of conversions at any time assume arms of 50.0/50.0 %, these are 52.6/47.4 %\n"
		require.Equal(t, want, strings.Contains(render(t, table, 140), hint), p)
	}
	rec.Split.PChi2 = result.Num(2.4e-5)
	delete(rec.Metrics, "purchase")
	require.NotContains(t, render(t, table, 140), "Intervals of conversions")
}

// TestNull: what is not available is a dash.
func TestNull(t *testing.T) {
	rec := fake("shop", 1, 0.1)
	null := result.Comparison{
		Relative: result.Null, RelativeInterval: result.Interval{result.Null, result.Null}, P: result.Null,
		PAlways: result.Null, Verdict: "collecting", Reason: "too_few_units",
	}
	for _, m := range rec.Metrics {
		m.Comparisons["treatment"] = null
	}
	table := &Table{}
	table.Update(rec)
	text := render(t, table, 140)
	require.Contains(t, text, "collecting")
	require.NotContains(t, text, "95 %", "nothing in it")
	require.NotContains(t, text, "-1 %", "no interval, no axis")
	require.NotContains(t, text, "│")
	null.Verdict, null.Reason = "", "events_not_independent"
	rec.Metrics["purchase"].Comparisons["treatment"] = null
	require.Contains(t, render(t, table, 140), "(events not independent)")
	var b bytes.Buffer
	require.NoError(t, table.Lines(&b, rec))
	require.Contains(t, b.String(), "lift=- interval_always=- p_always=- verdict=")
}

func TestLines(t *testing.T) {
	var b bytes.Buffer
	table := &Table{}
	require.NoError(t, table.Lines(&b, fake("shop", 10_000, 0.05, -0.1)))
	lines := strings.Split(b.String(), "\n")
	require.Len(t, lines, 5)
	require.Equal(t, "2026-09-21T14:14:20.000Z shop purchase treatment n=10,000 value=21.00% control=20.00% "+
		`lift=+5.00% interval_always=[-3.49%,+13.49%] p_always=0.6954 verdict="no difference yet" interval=[-0.55%,+10.55%] p=0.0773`, lines[0])
	require.Contains(t, lines[1], `purchase "treatment 2" `)
}

func TestFigures(t *testing.T) {
	require.Equal(t, []string{"0", "999", "1,000", "-1,234,567"},
		[]string{Thousands(0), Thousands(999), Thousands(1000), Thousands(-1234567)})
	for x, want := range map[float64]string{
		0: "0.0000", 5.22351: "5.2235", 52.456264: "52.456", 1234.567: "1,234.57", -9999.999: "-10,000.00",
		0.00001: "1.000e-05", 2e13: "2.000e+13",
	} {
		require.Equal(t, want, amount(result.Num(x)))
	}
	require.Equal(t, []string{"<0.0001", "0.0001", "1.0000", missing},
		[]string{probability(result.Num(1e-9)), probability(result.Num(0.0001)), probability(result.Num(1)), probability(result.Null)})
	require.Equal(t, "+0.00 %", signed(result.Num(-1e-9)))
	require.Equal(t, "[      -∞,  +1.00 %]", between(result.Interval{result.Null, result.Num(0.01)}))
}

func TestPlot(t *testing.T) {
	draw := func(low, estimate, high float64) string {
		return plot(&result.Comparison{Relative: result.Num(estimate), RelativeIntervalAlways: result.Between(low, high)}, 0.12)
	}
	require.Equal(t, "            │ ──●──      ", draw(0.02, 0.04, 0.06))
	require.Equal(t, "          ──●──          ", draw(-0.02, 0, 0.02))
	require.Equal(t, "       ───●─┼            ", draw(-0.05, -0.02, 0))
	require.Equal(t, "◂─●─────────┼───────────▸", draw(-0.5, -0.1, 0.5))
	require.Equal(t, plotWidth, utf8.RuneCountInString(axis(0.05)))
	require.Equal(t, strings.Repeat(" ", 12)+"│"+strings.Repeat(" ", 12),
		plot(&result.Comparison{Relative: result.Null}, 0.1))
}

// harmed is a decision on the fake's treatment.
func harmed(action string) *decision.Record {
	return &decision.Record{
		ID: "heavy-banner|1|purchase|treatment", Experiment: "heavy-banner", Run: 1, Action: action, Metric: "purchase", Variant: "treatment",
		Pane: 1_790_000_051_000, Alpha: 0.01, P: 0.00391, Margin: 0.02, Reason: "It harms.",
		Control: &decision.Arm{N: 1480, Sum: "44", Mean: result.Num(0.0297)}, Treatment: &decision.Arm{N: 1512, Sum: "133", Mean: result.Num(0.088)},
	}
}

// TestDecisions: a stop is told once, with the reason and the evidence, as long as the run is there; an alert likewise.
func TestDecisions(t *testing.T) {
	shown, rec := &Table{}, fake("heavy-banner", 500, -0.3)
	rec.Dropped["after_end"] = 1234
	shown.Update(rec)
	shown.Decide(harmed("stop"))
	shown.Decide(harmed("stop"))
	require.Contains(t, render(t, shown, 140), `
heavy-banner  split ok  1,000 units · 12 excluded · 3 events dropped · 1,234 events after its end ignored
  stopped: It harms.
  p 0.0039, at most alpha 0.01, at the close of 14:14:11: 8.80 % of 1,512 units, 2.97 % of 1,480 units in control
  purchase  control      500`)
	require.Equal(t, 1, strings.Count(render(t, shown, 140), "It harms."))
	shown.Decide(harmed("alert"))
	require.Contains(t, render(t, shown, 140), "\n  alert: It harms.\n")
	split := &decision.Record{ID: "heavy-banner|1|split|", Experiment: "heavy-banner", Run: 1, Action: "stop", Metric: "split", Alpha: 0.001,
		P: 1e-9, FirstSeen: map[string]int64{"treatment": 7, "control": 30_000}, Reason: "Units come oddly."}
	shown.Decide(split)
	require.Contains(t, render(t, shown, 140), "\n  stopped: Units come oddly.\n  p <0.0001, at most alpha 0.001, at the close of 00:00:00: control 30,000, treatment 7\n")
	next := *rec
	next.Run = 2
	shown.Update(&next)
	require.NotContains(t, render(t, shown, 140), "stopped")

	var b bytes.Buffer
	require.NoError(t, shown.DecisionLine(&b, harmed("stop")))
	require.Equal(t, "2026-09-21T14:14:11.000Z heavy-banner purchase treatment decision=stop p=0.0039 alpha=0.01 margin=2.00% reason=\"It harms.\"\n", b.String())
}

// TestSegments: asked for, they stand below the whole, and their units do not count twice.
func TestSegments(t *testing.T) {
	whole, part := fake("shop", 1000, 0.05), fake("shop", 300, 0.2)
	part.Segment = "country=DE"
	plain, shown := &Table{}, &Table{Segments: true}
	for _, table := range []*Table{plain, shown} {
		table.Update(part)
		table.Update(whole)
		table.Decide(&decision.Record{ID: "shop|1|split|", Experiment: "shop", Run: 1, Action: "stop", Reason: "Oddly."})
	}
	require.NotContains(t, render(t, plain, 140), "country")
	text := render(t, shown, 140)
	require.True(t, strings.HasPrefix(text, "1 experiment · 2,000 units · "), text)
	require.Regexp(t, `(?s)\nshop  split ok  2,000 units.*\n  stopped: Oddly.*\nshop  country=DE  split ok  600 units .*\n  purchase  control +300 `, text)
	require.Equal(t, 1, strings.Count(text, "Oddly"))

	var b bytes.Buffer
	require.NoError(t, plain.Lines(&b, part))
	require.Empty(t, b.String())
	require.NoError(t, shown.Lines(&b, part))
	require.Contains(t, b.String(), " shop|country=DE purchase treatment n=300 ")
}
