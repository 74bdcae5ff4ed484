package verify

import (
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs/result"
)

// Expectation is what the stats topic must say, by experiment: integers only, allocation epochs added up.
type Expectation map[string]Expected

// Expected is one experiment.
type Expected struct {
	Units       map[string]int64          // kept units, or events, by variant
	Excluded    int64                     // units in two variants
	Corrections int64                     // changes of matured totals
	Dropped     map[string]int64          // by reason; reasons without events are not in it
	Live        map[string]map[string]Sum // by metric and variant
	Matured     map[string]map[string]Sum // likewise; only what stream time alone matures
	Windows     map[string]Window         // by key of the stats topic
}

// Window is one window of one grain.
type Window struct {
	Start, End int64 // Unix ms, [start, end)
	Revision   int64
	UnitsNew   map[string]int64             // by variant
	Metrics    map[string]map[string]Events // by metric and variant
}

// Events is the events of one metric in one window and the sum of their values times 10^decimals.
type Events struct {
	N   int64
	Sum *big.Int

	values values
	units  int64 // whose rows they are in
	tagged map[string]bool
}

// Expected recomputes everything from the records taken so far.
func (v *Verifier) Expected() Expectation {
	v.replay()
	out := Expectation{}
	for name, t := range v.tallies {
		out[name] = t.expected()
	}
	return out
}

// expected is everything, with all windows.
func (t *tally) expected() Expected {
	x := t.totals()
	for _, grain := range t.plan.grains() {
		for start, panes := range t.windows(grain) {
			if w := t.window(grain, start, panes); !w.empty() {
				x.Windows[result.WindowKey(t.plan.name, grain, start)] = w
			}
		}
	}
	return x
}

// totals is everything of the whole but the windows.
func (t *tally) totals() Expected { return t.totalsOf(0) }

// totalsOf is that of a segment, 0 for the whole; of a segment without drops.
func (t *tally) totalsOf(segment int) Expected {
	x := Expected{
		Units: map[string]int64{}, Excluded: t.excluded, Corrections: t.corrections, Dropped: t.dropped,
		Live: map[string]map[string]Sum{}, Matured: map[string]map[string]Sum{}, Windows: map[string]Window{},
	}
	for _, m := range t.plan.metrics {
		x.Live[m.name], x.Matured[m.name] = map[string]Sum{}, map[string]Sum{}
	}
	for i, name := range t.plan.variants {
		x.Units[name] = 0
		for j, m := range t.plan.metrics {
			live, matured := t.sums(segment, i, j)
			x.Live[m.name][name], x.Matured[m.name][name] = live, matured
		}
	}
	if segment > 0 {
		x.Excluded, x.Corrections, x.Dropped = 0, 0, nil
	}
	for key, c := range t.cells {
		if key.segment == segment {
			x.Units[t.plan.variants[key.variant]] += c.units
			x.Excluded += c.excluded
			x.Corrections += c.corrections
		}
	}
	return x
}

// sums is those of a segment, a variant and a metric over all epochs.
func (t *tally) sums(segment, variant, metric int) (live, matured Sum) {
	sums := newSums(2)
	for key, c := range t.cells {
		if key.variant == variant && key.segment == segment {
			sums[0].merge(&c.live[metric])
		}
	}
	for _, pane := range t.ripe {
		for key, c := range pane {
			if key.variant == variant && key.segment == segment {
				sums[1].merge(&c.matured[metric])
			}
		}
	}
	return sums[0], sums[1]
}

func (s *Sum) merge(o *Sum) {
	s.N += o.N
	s.S.Add(s.S, o.S)
	s.SS.Add(s.SS, o.SS)
}

// windows groups the panes that ever held something by the start of their window, where the definition asks for it.
// The panes of a tally no longer change when this is first asked for.
func (t *tally) windows(grain string) map[int64][]paneKey {
	if known, ok := t.grains[grain]; ok {
		return known
	}
	out := map[int64][]paneKey{}
	t.grains[grain] = out
	length := grainLength(grain)
	if length == 0 {
		return out
	}
	for key := range t.panes {
		start := key.start - key.start%length
		first := start
		if sliding(grain) { // one ends with each second
			first, start = key.start-length+second, key.start
		}
		for ; start >= first; start -= second {
			if slices.Contains(t.plan.at(start).Windows, grain) {
				out[start] = append(out[start], key)
			}
		}
	}
	return out
}

// sliding says whether windows of a grain overlap: they are published when they close, not before.
func sliding(grain string) bool { return strings.HasPrefix(grain, "sliding ") }

// window adds up the panes of one window.
func (t *tally) window(grain string, start int64, panes []paneKey) Window {
	w := Window{
		Start: start, End: start + grainLength(grain),
		UnitsNew: map[string]int64{}, Metrics: map[string]map[string]Events{},
	}
	for _, name := range t.plan.variants {
		w.UnitsNew[name] = 0
	}
	for _, m := range t.plan.metrics {
		w.Metrics[m.name] = map[string]Events{}
		for _, name := range t.plan.variants {
			w.Metrics[m.name][name] = Events{Sum: new(big.Int), values: values{}, tagged: map[string]bool{}}
		}
	}
	rows := rowsSeen{}
	for _, key := range panes {
		p, variant := t.panes[key], t.plan.variants[key.variant]
		w.Revision += p.late
		w.UnitsNew[variant] += p.unitsNew
		for i, m := range t.plan.metrics {
			e := w.Metrics[m.name][variant]
			e.N += p.metrics[i].events
			e.Sum.Add(e.Sum, p.metrics[i].sum)
			e.values.add(p.metrics[i].values)
			e.units += rows.fresh(i, key.variant, p.metrics[i].units)
			maps.Copy(e.tagged, p.metrics[i].tagged)
			w.Metrics[m.name][variant] = e
		}
	}
	return w
}

// empty says whether all of the window was taken back.
func (w *Window) empty() bool {
	for _, n := range w.UnitsNew {
		if n != 0 {
			return false
		}
	}
	for _, variants := range w.Metrics {
		for _, e := range variants {
			if e.N != 0 || e.Sum.Sign() != 0 {
				return false
			}
		}
	}
	return w.Revision == 0
}

// grainLength is the length in ms of a grain such as 60s or sliding 60s, a whole number of panes; 0 for any other.
func grainLength(grain string) int64 {
	d, err := time.ParseDuration(strings.TrimPrefix(grain, "sliding "))
	if err != nil || d <= 0 || d%time.Second != 0 {
		return 0
	}
	return d.Milliseconds()
}
