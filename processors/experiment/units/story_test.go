package units

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/quantile"
	"github.com/stretchr/testify/require"
)

// base is second 0 of the stories: a whole second.
const base = 1_790_000_000_000

func ms(seconds float64) int64 { return base + int64(seconds*1000) }

// ev is an event of a story; At is in seconds after base.
type ev struct {
	ID         string            `json:"id"`
	Type       string            `json:"type"`
	Unit       string            `json:"unit,omitempty"`
	Experiment string            `json:"experiment,omitempty"`
	Variant    string            `json:"variant,omitempty"`
	Ref        string            `json:"ref,omitempty"`
	Version    int               `json:"config_version,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Value      json.RawMessage   `json:"value,omitempty"`
	Props      map[string]string `json:"props,omitempty"`
	At         float64           `json:"-"`
}

func (e ev) ms() int64 { return ms(e.At) }

func (e ev) json() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return fmt.Appendf(b[:len(b)-1], `,"ts":%d}`, e.ms())
}

func exposed(id, unit, variant string, at float64) ev {
	return ev{ID: id, Type: "exposure", Unit: unit, Experiment: "exp", Variant: variant, At: at}
}

func bought(id, unit, value string, at float64) ev {
	return ev{ID: id, Type: "purchase", Unit: unit, Value: json.RawMessage(value), At: at}
}

func took(id, unit, ref string, at float64) ev {
	return ev{ID: id, Type: "retract", Unit: unit, Ref: ref, At: at}
}

func tagged(id, variant, value string, at float64) ev {
	return ev{ID: id, Type: "call", Experiment: "ranker", Variant: variant, Value: json.RawMessage(value), At: at}
}

func ended(name string, at float64) ev {
	return ev{ID: "end", Type: EndOfInput, Experiment: name, At: at}
}

const seconds = experiment.Duration(1000)

// shop is the experiment "exp" of most stories: purchases and their revenue within 60 s, grace 5 s, rows kept 100 s longer.
func shop(change ...func(*experiment.Definition)) experiment.Entry {
	two, limit := 2, experiment.Amount("50")
	d := experiment.Definition{
		Experiment: "exp", Unit: "user", Control: "A", Variants: experiment.Variants{{Name: "A", Weight: 1}, {Name: "B", Weight: 1}},
		Grace: 5 * seconds, DedupFor: 100 * seconds,
		Metrics: []experiment.Metric{
			{Name: "purchase", Kind: "conversion", Event: "purchase", Window: 60 * seconds},
			{Name: "revenue", Kind: "mean", Event: "purchase", Window: 60 * seconds, Decimals: &two, Cap: &limit},
		},
	}
	for _, f := range change {
		f(&d)
	}
	return entry(d)
}

// ranker is a unit: event experiment.
func ranker() experiment.Entry {
	one := 1
	return entry(experiment.Definition{
		Experiment: "ranker", Unit: "event", Control: "A", Variants: experiment.Variants{{Name: "A", Weight: 1}, {Name: "B", Weight: 1}}, Grace: 5 * seconds,
		Metrics: []experiment.Metric{
			{Name: "calls", Kind: "count", Event: "call"},
			{Name: "latency", Kind: "mean", Event: "call", Decimals: &one},
		},
	})
}

func entry(d experiment.Definition) experiment.Entry {
	start := int64(base - 1_000_000)
	if d.Start != nil {
		start = d.Start.UnixMilli()
	}
	return experiment.Entry{
		Experiment: d.Experiment, Run: 1, State: experiment.Running,
		Versions: []experiment.Version{{Version: 1, Accepted: start, Effective: start, Definition: d}},
	}
}

// revised adds a version to an entry.
func revised(e experiment.Entry, effective int64, change func(*experiment.Definition)) experiment.Entry {
	last := e.Versions[len(e.Versions)-1]
	d := last.Definition
	change(&d)
	e.Versions = append(slices.Clone(e.Versions), experiment.Version{Version: last.Version + 1, Accepted: effective - 2000, Effective: effective, Definition: d})
	return e
}

// ledger is the sum of all deltas of one run: what stage 2 would hold.
type ledger struct {
	cells       map[[3]int64]*experiment.CellDelta // by variant, epoch and segment
	ripe        map[[4]int64]*experiment.CellDelta // what of them has matured, by pane too
	panes       map[[2]int64]*experiment.PaneDelta
	dropped     [experiment.Drops]int64
	excluded    int64
	corrections int64
	leftOut     [experiment.Causes]int64
}

func newLedger() *ledger {
	return &ledger{cells: map[[3]int64]*experiment.CellDelta{}, ripe: map[[4]int64]*experiment.CellDelta{}, panes: map[[2]int64]*experiment.PaneDelta{}}
}

func (l *ledger) add(d *experiment.Delta) {
	l.excluded += d.Excluded
	l.corrections += d.Corrections
	for i, n := range d.Dropped {
		l.dropped[i] += n
	}
	for i, n := range d.LeftOut {
		l.leftOut[i] += n
	}
	for _, c := range d.Cells {
		l.addRipe(&c)
		into := l.cell(c.Variant, c.Epoch, max(len(c.Live), len(c.Matured)), c.Segment)
		into.Excluded += c.Excluded
		into.Corrections += c.Corrections
		into.Units += c.Units
		into.FirstSeen += c.FirstSeen
		into.Crossed += c.Crossed
		for i := range c.Live {
			into.Live[i].Add(c.Live[i])
		}
		for i := range c.Matured {
			into.Matured[i].Add(c.Matured[i])
		}
		for i, n := range c.NonZero {
			into.NonZero[i] += n
		}
		for i, n := range c.Drawn {
			into.Drawn[i] += n
		}
		into.Bins = append(into.Bins, c.Bins...)
		for _, j := range c.Joint {
			to := joined(into, j.Metric)
			to.Live.Add(j.Live)
			to.Matured.Add(j.Matured)
		}
	}
	for _, p := range d.Panes {
		into := l.pane(p.Variant, p.Start, len(p.Metrics))
		into.UnitsNew += p.UnitsNew
		into.Late += p.Late
		for i, m := range p.Metrics {
			into.Metrics[i].Events += m.Events
			into.Metrics[i].Sum = into.Metrics[i].Sum.Add(m.Sum)
		}
		for i, b := range p.Bins {
			to := into.BinsOf(i)
			to.Values.Merge(b.Values)
			for _, u := range b.Seen {
				to.Seen.Add(u.Gap, u.Units)
			}
		}
	}
}

// values are the values of a quantile metric in a cell, or in that of a segment, by rank: what a sketch has of them.
func (l *ledger) values(variant int, epoch int64, metric int, segment ...int) (out []float64) {
	var all quantile.Sketch
	for _, b := range l.cell(variant, epoch, 0, segment...).Bins {
		if b.Metric == metric {
			all.Merge(b.Values)
		}
	}
	for i := range all.N() {
		v, _ := all.Quantile(min(1, (float64(i)+1e-9)/float64(max(all.N()-1, 1))), 0)
		out = append(out, v)
	}
	return out
}

// cell is one of all units, or of a segment.
func (l *ledger) cell(variant int, epoch int64, metrics int, segment ...int) *experiment.CellDelta {
	key := [3]int64{int64(variant), epoch}
	if len(segment) > 0 {
		key[2] = int64(segment[0])
	}
	if l.cells[key] == nil {
		l.cells[key] = &experiment.CellDelta{
			Live: make([]stats.Sums, metrics), Matured: make([]stats.Sums, metrics), NonZero: make([]int64, metrics), Drawn: make([]int64, metrics),
		}
	}
	return l.cells[key]
}

func (l *ledger) pane(variant int, start int64, metrics int) *experiment.PaneDelta {
	key := [2]int64{start, int64(variant)}
	if l.panes[key] == nil {
		l.panes[key] = &experiment.PaneDelta{Metrics: make([]experiment.PaneSums, metrics)}
	}
	return l.panes[key]
}

// String is one line a cell, pane and counter that is not zero.
func (l *ledger) String() string {
	var lines []string
	for k, c := range l.cells {
		for _, j := range c.Joint {
			if text := jointText(j.Live) + jointText(j.Matured); strings.Trim(text, " 0/") != "" {
				lines = append(lines, fmt.Sprintf("joint of %c@%d/%d %d: live%s matured%s", 'A'+rune(k[0]), k[1], k[2], j.Metric, jointText(j.Live), jointText(j.Matured)))
			}
		}
		line := fmt.Sprintf("%c@%d units %d seen %d live%s matured%s", 'A'+rune(k[0]), k[1], c.Units, c.FirstSeen, sumsText(c.Live), sumsText(c.Matured))
		if k[2] > 0 {
			if line = fmt.Sprintf("segment %d %s excluded %d corrections %d crossed %d nonzero %v", k[2], line, c.Excluded, c.Corrections, c.Crossed, c.NonZero); !emptyCell(c) {
				lines = append(lines, line)
			}
			continue
		}
		if c.Units != 0 || c.FirstSeen != 0 || sumsText(c.Live) != zeroText(c.Live) || sumsText(c.Matured) != zeroText(c.Matured) {
			lines = append(lines, line)
		}
		if c.Crossed != 0 || slices.Max(c.NonZero) != 0 {
			lines = append(lines, fmt.Sprintf("of %c@%d crossed %d nonzero %v", 'A'+rune(k[0]), k[1], c.Crossed, c.NonZero))
		}
	}
	for k, p := range l.panes {
		if emptyPane(p) {
			continue
		}
		line := fmt.Sprintf("pane %d %c new %d late %d", (k[0]-base)/1000, 'A'+rune(k[1]), p.UnitsNew, p.Late)
		for _, m := range p.Metrics {
			line += fmt.Sprintf(" %d:%s", m.Events, m.Sum)
		}
		for i, b := range p.Bins {
			if !b.Empty() {
				lines = append(lines, fmt.Sprintf("bins of pane %d %c %d: %x %v", (k[0]-base)/1000, 'A'+rune(k[1]), i, b.Values.Append(nil), b.Seen))
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for i, n := range l.dropped {
		if n != 0 {
			lines = append(lines, fmt.Sprintf("%s %d", experiment.Drop(i), n))
		}
	}
	if l.excluded != 0 {
		lines = append(lines, fmt.Sprintf("excluded %d", l.excluded))
	}
	for i, n := range l.leftOut {
		if n != 0 {
			lines = append(lines, fmt.Sprintf("left out %s %d", experiment.Cause(i), n))
		}
	}
	if l.corrections != 0 {
		lines = append(lines, fmt.Sprintf("corrections %d", l.corrections))
	}
	return strings.Join(lines, "\n")
}

func emptyCell(c *experiment.CellDelta) bool {
	return c.Units == 0 && c.FirstSeen == 0 && c.Crossed == 0 && c.Excluded == 0 && c.Corrections == 0 && slices.Max(c.NonZero) == 0 &&
		sumsText(c.Live) == zeroText(c.Live) && sumsText(c.Matured) == zeroText(c.Matured)
}

func sumsText(all []stats.Sums) (s string) {
	for _, x := range all {
		s += fmt.Sprintf(" %d/%s/%s", x.N, x.S, x.SS)
	}
	return s
}

// joined finds or makes the joint sums of a metric in a cell.
func joined(c *experiment.CellDelta, metric int) *experiment.JointSums {
	for i := range c.Joint {
		if c.Joint[i].Metric == metric {
			return &c.Joint[i]
		}
	}
	c.Joint = append(c.Joint, experiment.JointSums{Metric: metric})
	return &c.Joint[len(c.Joint)-1]
}

// jointText is N, the sums, the products; of sums that were never added to, as of two totals that are 0.
func jointText(j stats.Joint) string {
	if len(j.S) == 0 {
		j.S, j.P = make([]stats.Int128, 2), make([]stats.Int192, 3)
	}
	text := fmt.Sprintf(" %d", j.N)
	for _, s := range j.S {
		text += "/" + s.String()
	}
	for _, p := range j.P {
		text += "/" + p.String()
	}
	return text
}

func zeroText(all []stats.Sums) string { return sumsText(make([]stats.Sums, len(all))) }

// ledger commits and sums all deltas of a run so far.
func (h *harness) ledger(name string, run int) *ledger {
	h.commit()
	l := newLedger()
	for _, s := range h.done.deltas {
		if s.name == name && s.delta.Run == run {
			l.add(s.delta)
		}
	}
	return l
}

// want compares the ledger of "exp", without panes and parts of cells, with lines.
func (h *harness) want(lines ...string) {
	if help, ok := h.t.(interface{ Helper() }); ok {
		help.Helper()
	}
	h.wantOf("exp", 1, lines...)
}

func (h *harness) wantOf(name string, run int, lines ...string) {
	var got []string
	for line := range strings.Lines(h.ledger(name, run).String()) {
		if !slices.ContainsFunc([]string{"pane ", "of ", "bins of pane ", "segment "}, func(other string) bool { return strings.HasPrefix(line, other) }) {
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
	}
	require.Equal(h.t, strings.Join(lines, "\n"), strings.Join(got, "\n"))
}

// wantPanes compares the panes of "exp".
func (h *harness) wantPanes(lines ...string) { h.wantLines("pane ", lines...) }

// wantParts compares which units of the cells of "exp" crossed or matured with a total that is not 0.
func (h *harness) wantParts(lines ...string) { h.wantLines("of ", lines...) }

// wantSegments compares the segments of the cells of "exp".
func (h *harness) wantSegments(lines ...string) { h.wantLines("segment ", lines...) }

// wantLines compares the lines of "exp" that begin so.
func (h *harness) wantLines(begin string, lines ...string) {
	var got []string
	for line := range strings.Lines(h.ledger("exp", 1).String()) {
		if strings.HasPrefix(line, begin) {
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
	}
	require.Equal(h.t, strings.Join(lines, "\n"), strings.Join(got, "\n"))
}

// wantDead compares the dead letters so far, as reason and offset.
func (h *harness) wantDead(lines ...string) {
	h.commit()
	var got []string
	for _, d := range h.done.dead {
		got = append(got, d.reason+" "+strings.TrimPrefix(d.source, eventsTopic+"/0/"))
	}
	require.Equal(h.t, strings.Join(lines, "\n"), strings.Join(got, "\n"))
}
