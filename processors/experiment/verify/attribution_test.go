package verify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
)

func TestAttribution(t *testing.T) {
	ended := func(d *experiment.Definition) { d.End = new(time.UnixMilli(base + 30_000)) }
	delayed := func(d *experiment.Definition) {
		for i := range d.Metrics {
			d.Metrics[i].Delay = 10_000
		}
	}
	for name, c := range map[string]struct {
		change []func(*experiment.Definition)
		tell   func(s *story)
		want   figures
	}{
		"counts inside [first, first + window)": {tell: func(s *story) {
			s.expose("x", "u", "A", 1000).buy("1", "u", "1", 1000).buy("2", "u", "2.5", 60_999).buy("3", "u", "4", 61_000)
		}, want: figures{a: 1, revenue: 350, bought: 1, orders: 2, dropped: map[string]int64{"outside_window": 1}}},
		"before the exposure does not count": {tell: func(s *story) {
			s.expose("x", "u", "A", 1000).buy("1", "u", "1", 999)
		}, want: figures{a: 1, dropped: map[string]int64{"before_exposure": 1}}},
		"delay opens the window later": {change: []func(*experiment.Definition){delayed}, tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 9999).buy("2", "u", "2", 10_000).buy("3", "u", "3", 69_999)
		}, want: figures{a: 1, revenue: 500, bought: 1, orders: 2, dropped: map[string]int64{"outside_window": 1}}},
		"a conversion waits for its exposure": {tell: func(s *story) {
			s.buy("1", "u", "1", 2000).expose("x", "u", "A", 1000)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1}},
		"case 3: it is gone at ts + grace, what arrives later counts": {tell: func(s *story) {
			s.buy("1", "u", "1", 2000).tick(7000).expose("x", "u", "A", 1000).buy("2", "u", "2", 2000)
		}, want: figures{a: 1, revenue: 200, bought: 1, orders: 1, dropped: map[string]int64{"no_exposure": 1}}},
		"case 3: one ms before that it is not": {tell: func(s *story) {
			s.buy("1", "u", "1", 2000).tick(6999).expose("x", "u", "A", 1000)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1}},
		"the first exposure to arrive decides what is gone": {tell: func(s *story) {
			s.buy("1", "u", "1", 2000).expose("x", "u", "A", 1500).tick(9000).expose("y", "u", "A", 1000)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1}},
		"an earlier exposure re-evaluates": {tell: func(s *story) {
			s.expose("x", "u", "A", 5000).buy("1", "u", "1", 2000).buy("2", "u", "2", 62_000).expose("y", "u", "A", 1000)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1, dropped: map[string]int64{"outside_window": 1}}},
		"equal times: the smaller id is first": {change: []func(*experiment.Definition){first}, tell: func(s *story) {
			s.expose("b", "u", "B", 1000).expose("a", "u", "A", 1000).buy("1", "u", "1", 1000)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1, dropped: map[string]int64{"multiple_variants": 1}}},
		"two variants exclude": {tell: func(s *story) {
			s.expose("x", "u", "A", 1000).buy("1", "u", "1", 1000).buy("2", "u", "2", 500).expose("y", "u", "B", 2000).expose("z", "w", "B", 0)
		}, want: figures{b: 1, excluded: 1}},
		"case 9: at any distance while the row lives": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 1000).tick(164_999).expose("y", "u", "B", 80_000)
		}, want: figures{excluded: 1, corrected: 3}},
		"case 4: then the row is gone": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 1000).tick(165_000).expose("y", "u", "B", 165_000)
		}, want: figures{a: 1, b: 1, revenue: 100, bought: 1, orders: 1}},
		"case 9: not at or after end": {change: []func(*experiment.Definition){ended}, tell: func(s *story) {
			s.expose("x", "u", "A", 0).expose("y", "u", "B", 30_000)
		}, want: figures{a: 1, dropped: map[string]int64{"after_end": 1}}},
		"case 11: exposures before start are ignored": {tell: func(s *story) {
			s.expose("w", "u", "B", -1).expose("x", "u", "A", 0).expose("v", "n", "A", -1)
		}, want: figures{a: 1, dropped: map[string]int64{"before_start": 1}}},
		"case 12: end limits what counts": {change: []func(*experiment.Definition){ended}, tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 29_999).buy("2", "u", "2", 30_000)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1, dropped: map[string]int64{"after_end": 1}}},
		"case 13: events of units never exposed drop nothing": {tell: func(s *story) {
			s.buy("1", "u", "1", 0).expose("x", "w", "A", 0)
		}, want: figures{a: 1}},
		"case 18: the first offset of an id wins": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "1", 0).buy("1", "u", "1.0", 0).buy("1", "u", "2", 0)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1, dropped: map[string]int64{"conflict": 1}}},
		"case 18: one space of ids over all types": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("x", "u", "1", 0)
		}, want: figures{a: 1, dropped: map[string]int64{"conflict": 1}}},
		"case 20: a unit total beyond 2^53": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "90071992547409.92", 1).buy("2", "u", "0.01", 2).buy("3", "u", "-5", 3)
		}, want: figures{a: 1, revenue: 9007199254740492, bought: 1, orders: 2, dead: map[string]int64{"value_out_of_range": 1}}},
		"case 20: a value beyond 2^53 occupies no id": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "90071992547409.93", 1).buy("1", "u", "1", 1)
		}, want: figures{a: 1, revenue: 100, bought: 1, orders: 1, dead: map[string]int64{"value_out_of_range": 1}}},
		"case 21: without value a conversion, not in the mean": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).put("buy", "1", "u", 1).put("buy", "2", "u", 2, more{"value": nil})
		}, want: figures{a: 1, bought: 1, orders: 2, dropped: map[string]int64{"no_value": 2}}},
		"case 24: rounded half-even before anything else": {tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "0.125", 1).buy("2", "u", "0.135", 2).buy("3", "u", "0.001", 3)
		}, want: figures{a: 1, revenue: 26, bought: 1, orders: 3, dropped: map[string]int64{"rounded": 3}}},
		"case 25: the cap is of the total": {change: []func(*experiment.Definition){capped}, tell: func(s *story) {
			s.expose("x", "u", "A", 0).buy("1", "u", "2", 1).buy("2", "u", "2", 2).expose("y", "w", "A", 0).buy("3", "w", "-9", 1)
		}, want: figures{a: 2, revenue: 300 - 900, bought: 2, orders: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, checkout(c.change...))
			c.tell(s)
			if c.want.dead == nil {
				s.want(c.want)
				return
			}
			require.Equal(t, c.want.dead, s.figures().dead)
			s.want(c.want)
		})
	}
}

// The exposure lies in another partition than its unit's, and is appended when the unit's task is far ahead:
// where it lay it came in time, or late.
func TestAForwardedExposureCameWhenItWasReadFirst(t *testing.T) {
	const unit = "u"
	for name, c := range map[string]struct {
		elsewhere int64 // event time that the other partition has come to
		want      figures
	}{
		"in time": {6999, figures{a: 1, revenue: 100, bought: 1, orders: 1}},
		"late":    {7000, figures{a: 1, dropped: map[string]int64{"no_exposure": 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, checkout())
			s.in.Partitions = 2
			own := topology.PartitionOf([]byte(unit), 2)
			s.buy("1", unit, "1", 2000)
			s.raw(own, base+50_000, fmt.Sprintf(`{"id":"t","type":"tick","unit":"t","ts":%d}`, base+50_000))
			s.raw(1-own, base+50_000, fmt.Sprintf(`{"id":"t","type":"tick","unit":"t","ts":%d}`, base+c.elsewhere))
			s.raw(1-own, base+50_001, fmt.Sprintf(`{"id":"x","type":"exposure","unit":"u","experiment":"checkout","variant":"A","ts":%d}`, base+1000))
			s.want(c.want)
		})
	}
}

func first(d *experiment.Definition) { d.MultipleVariants = "first" }

func capped(d *experiment.Definition) { d.Metrics[1].Cap = new(experiment.Amount("3")) }

func TestWhereIsEqualityWithAProp(t *testing.T) {
	for text, c := range map[string]struct {
		props string
		want  int64
	}{
		"currency=EUR":  {`{"currency":"E\u0055R"}`, 1},
		"currency=USD":  {`{"currency":"EUR"}`, 0},
		"items=3":       {`{"items":3}`, 1},
		"items=3.0":     {`{"items":3}`, 0},
		"vip=true":      {`{"vip":true}`, 1},
		"nothing=null":  {`{"nothing":null}`, 0},
		"deep=1":        {`{"deep":{"deep":1}}`, 0},
		"query=a=b":     {`{"query":"a=b"}`, 1},
		"last=2":        {`{"last":1,"last":2}`, 1},
		"absent=absent": {`{}`, 0},
	} {
		s := tell(t, checkout(func(d *experiment.Definition) { d.Metrics[2].Where = text }))
		s.expose("x", "u", "A", 0).raw(0, base, `{"id":"1","type":"buy","unit":"u","ts":`+"1790000040000"+`,"props":`+c.props+`}`)
		require.Equal(t, c.want, s.expected().Live["orders"]["A"].S.Int64(), text)
	}
}
