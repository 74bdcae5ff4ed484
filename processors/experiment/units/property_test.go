package units

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// twoPlans are two experiments on different and common types, as the oracle and as the processor want them.
func twoPlans(t *rapid.T) (plans []oraclePlan, entries []experiment.Entry) {
	span := rapid.Custom(func(t *rapid.T) int64 { return rapid.Int64Range(1, 40).Draw(t, "s") * 1000 })
	for i, name := range []string{"exp", "two"} {
		p := oraclePlan{
			name: name, kind: []string{"purchase", rapid.SampledFrom([]string{"purchase", "click"}).Draw(t, "kind")}[i],
			first: rapid.Bool().Draw(t, "first"), start: ms(rapid.Float64Range(-50, 10).Draw(t, "start")), end: math.MaxInt64,
			grace: rapid.Int64Range(1, 10).Draw(t, "grace") * 1000, dedup: rapid.SampledFrom([]int64{1000, 20_000, 500_000}).Draw(t, "dedup"),
			window: [2]int64{span.Draw(t, "window"), span.Draw(t, "window")}, limit: rapid.SampledFrom([]int64{math.MaxInt64, 500}).Draw(t, "cap"),
		}
		if rapid.Bool().Draw(t, "delayed") {
			p.delay = [2]int64{3000, 7000}
		}
		if rapid.Bool().Draw(t, "ends") {
			p.end = ms(60)
		}
		p.segments = rapid.Bool().Draw(t, "segments")
		if rapid.IntRange(0, 3).Draw(t, "listed") == 0 {
			p.listed = []string{"u2"}
		}
		if rapid.Bool().Draw(t, "reweighed") {
			p.second = ms(float64(rapid.IntRange(-100, 100).Draw(t, "second")))
		}
		if rapid.Bool().Draw(t, "adjusted") {
			p.period = span.Draw(t, "period")
		}
		plans, entries = append(plans, p), append(entries, p.entry())
	}
	return plans, entries
}

func (p oraclePlan) entry() experiment.Entry {
	first := shop(func(d *experiment.Definition) {
		start := time.UnixMilli(p.start)
		d.Experiment, d.Start, d.Grace, d.DedupFor = p.name, &start, experiment.Duration(p.grace), experiment.Duration(p.dedup)
		if p.end != math.MaxInt64 {
			end := time.UnixMilli(p.end)
			d.End = &end
		}
		if p.first {
			d.MultipleVariants = "first"
		}
		for i := range d.Metrics {
			m := &d.Metrics[i]
			m.Event, m.Delay, m.Window = p.kind, experiment.Duration(p.delay[i]), experiment.Duration(p.window[i])
		}
		if p.period > 0 {
			d.Metrics[1].Covariate = &experiment.Covariate{Period: experiment.Duration(p.period)}
		}
		if p.limit == math.MaxInt64 {
			d.Metrics[1].Cap = nil
		} else {
			limit := experiment.Amount("5")
			d.Metrics[1].Cap = &limit
		}
		if p.segments {
			d.Segments = byCountry
		}
		d.Exclude.Units = p.listed
	})
	if p.second == 0 {
		return first
	}
	return revised(first, p.second, func(d *experiment.Definition) {
		d.Variants = experiment.Variants{{Name: "A", Weight: 3}, {Name: "B", Weight: 1}}
	})
}

// byCountry has the segments 1 country=DE, 2 country=FR, 3 country=other, 4 vip=true, 5 vip=other.
var byCountry = []experiment.Dimension{{Name: "country", Prop: "country", Values: []string{"DE", "FR"}}, {Name: "vip", Prop: "vip", Values: []string{"true"}}}

// anyEvent is an event near a clock that goes on; ids repeat, so there are duplicates and conflicts.
func anyEvent(t *rapid.T, i int) ev {
	at := float64(i) + float64(rapid.IntRange(-40, 8).Draw(t, "at"))/2
	e := ev{
		ID: fmt.Sprint(rapid.IntRange(max(0, i-30), i+5).Draw(t, "id")), Unit: rapid.SampledFrom([]string{"u1", "u2", "u3"}).Draw(t, "unit"), At: at,
	}
	switch rapid.IntRange(0, 9).Draw(t, "type") {
	case 0, 1, 2:
		e.Type, e.Experiment = "exposure", rapid.SampledFrom([]string{"exp", "two"}).Draw(t, "experiment")
		e.Variant = rapid.SampledFrom([]string{"A", "A", "A", "B"}).Draw(t, "variant")
		e.Props = map[string]string{"country": rapid.SampledFrom([]string{"DE", "DE", "FR", "IT"}).Draw(t, "country")}
		if rapid.IntRange(0, 3).Draw(t, "vip") == 0 {
			e.Props["vip"] = "true"
		}
		e.Reason = rapid.SampledFrom([]string{"", "", "hash", "sticky", "forced", "override", "overridden"}).Draw(t, "reason")
		e.Version = rapid.SampledFrom([]int{0, 0, 1, 2, 7}).Draw(t, "version")
	case 3:
		e.Type, e.Ref = "retract", fmt.Sprint(rapid.IntRange(max(0, i-10), i+5).Draw(t, "ref"))
	default:
		e.Type = rapid.SampledFrom([]string{"purchase", "purchase", "click"}).Draw(t, "metric")
		e.Value = json.RawMessage(rapid.SampledFrom([]string{"1", "2.5", "0.125", "-3", "40", "null"}).Draw(t, "value"))
	}
	return e
}

func anyEvents(t *rapid.T) (events []ev) {
	for i := range rapid.IntRange(1, 120).Draw(t, "n") {
		events = append(events, anyEvent(t, i))
	}
	return events
}

func (h *harness) ledgers() string {
	return both(h.ledger("exp", 1), h.ledger("two", 1))
}

// both is all of two ledgers, panes of maturity too.
func both(exp, two *ledger) string {
	return strings.Join([]string{"exp", exp.String(), exp.ripes(), "two", two.String(), two.ripes()}, "\n")
}

func (h *harness) deadReasons() string {
	var all []string
	for _, d := range h.done.dead {
		all = append(all, d.reason)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// The fast way, the slow way and a computation from scratch agree in every sum, also in those that depend on the order.
func TestFastSlowAndOracleAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plans, entries := twoPlans(rt)
		events := anyEvents(rt)
		fast, slow := newHarness(t, entries...), newHarness(t, entries...)
		slow.proc.slow, slow.slow = true, true
		o := &oracle{plans: plans, rows: map[string]*oracleRow{}, now: math.MinInt64, total: map[string]*ledger{"exp": newLedger(), "two": newLedger()}}
		for i, e := range events {
			fast.pipe(e)
			slow.pipe(e)
			o.step(e, fast.stream, i)
		}
		end := rapid.SampledFrom([]float64{0, 60, 300}).Draw(rt, "idle")
		fast.idle(end)
		slow.idle(end)
		o.advance(fast.stream)
		for _, r := range o.rows {
			o.leave(r)
		}
		want := both(o.total["exp"], o.total["two"])
		slices.Sort(o.dead)
		require.Equal(rt, want, slow.ledgers(), "slow")
		require.Equal(rt, want, fast.ledgers(), "fast")
		require.Equal(rt, strings.Join(o.dead, " "), fast.deadReasons())
		require.Equal(rt, rowsOf(slow), rowsOf(fast))
	})
}

// rowsOf are the rows of the store.
func rowsOf(h *harness) map[string]string {
	all := map[string]string{}
	require.NoError(h.t, h.store.Scan(nil, nil, func(key, value []byte) bool {
		all[string(key)] = string(value)
		return true
	}))
	return all
}

// However the work is cut by commits and restarts, sums, rows and dead letters are the same.
func TestCommitsAndRestartsChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		_, entries := twoPlans(rt)
		events := anyEvents(rt)
		one, cut := newHarness(t, entries...), newHarness(t, entries...)
		for i, e := range events {
			one.pipe(e)
			cut.pipe(e)
			switch rapid.IntRange(0, 3).Draw(rt, "cut") {
			case 0:
				cut.commit()
			case 1:
				cut.restart()
			case 2:
				cut.commit()
				cut.restart()
			}
			if i%7 == 3 {
				one.idle(float64(i))
				cut.idle(float64(i))
			}
		}
		require.Equal(rt, one.ledgers(), cut.ledgers())
		require.Equal(rt, one.deadReasons(), cut.deadReasons())
		require.Equal(rt, rowsOf(one), rowsOf(cut))
	})
}

// Where nothing comes after grace, the order in which events come does not matter to the live sums.
func TestOrderInsideGraceDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var events []ev
		for i := range rapid.IntRange(1, 25).Draw(rt, "n") {
			e := anyEvent(rt, i)
			e.ID, e.At = fmt.Sprint(i), float64(rapid.IntRange(0, 99).Draw(rt, "second"))
			if e.Type != "retract" && e.Experiment != "two" {
				events = append(events, e)
			}
		}
		wide := shop(func(d *experiment.Definition) { d.Grace = 1000 * seconds })
		a, b := newHarness(t, wide), newHarness(t, wide)
		a.pipe(events...)
		b.pipe(rapid.Permutation(events).Draw(rt, "order")...)
		require.Equal(rt, a.ledger("exp", 1).String(), b.ledger("exp", 1).String())
	})
}
