package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
)

const begin = 1_790_000_000_000 // Unix ms

// drain stops g and returns what is left, from now on.
func drain(t *testing.T, g *Generator, now int64, see func(ev *event.Event)) {
	t.Helper()
	g.Stop()
	for limit := now + 60_000; !g.Done(); now++ {
		require.Less(t, now, limit, "does not end")
		for ev := g.Next(now); ev != nil; ev = g.Next(now) {
			see(ev)
		}
	}
}

// generate makes at least n events, one ms after the other, and then the rest.
func generate(t *testing.T, cfg Config, n int, see func(ev *event.Event)) *Generator {
	t.Helper()
	g, err := New(cfg)
	require.NoError(t, err)
	now := int64(begin)
	for made := 0; made < n; now++ {
		for ev := g.Next(now); ev != nil && made < n; ev = g.Next(now) {
			made++
			see(ev)
		}
	}
	drain(t, g, now, see)
	return g
}

var full = Config{Rate: 50_000, Duplicates: 0.05, Late: 0.05, Tagged: 0.1, Seed: 7, Experiments: 4, Guarded: true}

// TestTruth: what counting the events gives is what the generator says.
func TestTruth(t *testing.T) {
	type cell struct{ units, buyers, sum, errors int64 }
	type unit struct {
		experiment, variant string
		first               int64
		sum, purchases      int64
		errors              int64
	}
	var scanner event.Scanner
	units, seen := map[string]*unit{}, map[string]bool{}
	cells, purchases, errors := map[string]*cell{}, []event.Event{}, []event.Event{}
	late, duplicates, events, latest := 0, 0, 0, int64(0)
	g := generate(t, full, 200_000, func(ev *event.Event) {
		var read event.Event
		scanner.Scan(event.Append(nil, ev), &read)
		require.Equal(t, event.None, read.Fault, "%s", event.Append(nil, ev))
		events++
		if read.Time < latest {
			late++
			require.LessOrEqual(t, latest-read.Time, int64(4500))
		}
		latest = max(latest, read.Time)
		if seen[string(read.ID)] {
			duplicates++
			return
		}
		seen[string(read.ID)] = true
		switch {
		case read.Tagged():
			key := string(read.Experiment) + "/" + string(read.Variant)
			if cells[key] == nil {
				cells[key] = &cell{}
			}
			v, _, _ := read.Value.Scaled(1)
			cells[key].units++
			cells[key].sum += v
		case read.Exposure():
			u := units[string(read.Unit)]
			if u == nil {
				u = &unit{experiment: string(read.Experiment), variant: string(read.Variant), first: read.Time}
				units[string(read.Unit)] = u
			}
			require.Equal(t, u.variant, string(read.Variant))
			u.first = min(u.first, read.Time)
		case string(read.Type) == "error":
			require.False(t, read.HasValue)
			errors = append(errors, event.Event{Unit: bytes.Clone(read.Unit), Time: read.Time})
		default:
			v, _, _ := read.Value.Scaled(2)
			purchases = append(purchases, event.Event{Unit: bytes.Clone(read.Unit), Time: read.Time, ConfigVersion: v})
		}
	})
	for _, p := range purchases {
		u := units[string(p.Unit)]
		require.NotNil(t, u)
		require.GreaterOrEqual(t, p.Time, u.first)
		require.Less(t, p.Time, u.first+10_000, "outside the window")
		u.sum += p.ConfigVersion
		u.purchases++
	}
	for _, e := range errors {
		u := units[string(e.Unit)]
		require.Equal(t, "heavy-banner", u.experiment)
		require.Less(t, e.Time, u.first+int64(guardrail.Window), "outside the window")
		u.errors++
	}
	for _, u := range units {
		key := u.experiment + "/" + u.variant
		if cells[key] == nil {
			cells[key] = &cell{}
		}
		cells[key].units++
		cells[key].buyers += min(u.purchases, 1)
		cells[key].sum += u.sum
		cells[key].errors += u.errors
	}
	truth := g.Truth()
	require.Len(t, truth.Experiments, 5)
	require.Equal(t, []int64{int64(events), int64(duplicates)}, []int64{truth.Events, truth.Duplicates})
	require.Greater(t, late, events/20)
	for _, e := range truth.Experiments {
		for _, v := range e.Variants {
			c := cells[e.Experiment+"/"+v.Variant]
			decimals := 2
			if e.Experiment == "ranker-latency" {
				decimals = 1
			}
			require.Equal(t, v, VariantTruth{v.Variant, c.units, c.buyers, event.NewDecimal(c.sum, decimals).String(), c.errors, v.Rate})
		}
	}
}

// TestShares: of events and of units, within what chance allows.
func TestShares(t *testing.T) {
	g := generate(t, Config{Rate: 50_000, Duplicates: 0.05, Late: 0.1, Tagged: 0.2, Seed: 1, Split: 0.25}, 200_000, func(*event.Event) {})
	truth := g.Truth()
	require.InDelta(t, 0.05, float64(truth.Duplicates)/float64(truth.Events-truth.Duplicates-truth.Tagged), 0.003)
	require.InDelta(t, 0.10, float64(truth.Late)/float64(truth.Events), 0.01)
	for _, e := range truth.Experiments[:3] {
		control, treatment := e.Variants[0], e.Variants[1]
		require.InDelta(t, 0.25, float64(treatment.Units)/float64(control.Units+treatment.Units), 0.01)
		for _, v := range e.Variants {
			share := float64(v.Buyers) / float64(v.Units)
			require.InDelta(t, v.Rate, share, 4*math.Sqrt(v.Rate/float64(v.Units)))
		}
	}
	require.InDelta(t, 0.2*1.05, truth.Experiments[0].Variants[1].Rate, 1e-12)
	require.InDelta(t, 0.2, truth.Experiments[1].Variants[1].Rate, 1e-12)
	require.InDelta(t, 0.2*0.9, truth.Experiments[2].Variants[1].Rate, 1e-12)
}

// TestGuarded: only harmful experiments make errors, and their treatment three times as many. The definition is one that registers.
func TestGuarded(t *testing.T) {
	g := generate(t, Config{Rate: 50_000, Seed: 1, Guarded: true}, 200_000, func(*event.Event) {})
	for _, e := range g.Truth().Experiments {
		for i, v := range e.Variants {
			want := 0.0
			if e.Kind == harmful {
				want = []float64{0.03, 0.09}[i]
			}
			require.InDelta(t, want, float64(v.Errors)/float64(v.Units), 4*math.Sqrt(want/float64(v.Units)), e.Experiment)
		}
	}
	for _, def := range g.Definitions() {
		def.Defaults()
		require.NoError(t, def.Validate())
	}
}

// TestDeterminism: with a rate, events and times are the same however often Next is called.
func TestDeterminism(t *testing.T) {
	stream := func(step int64, seed uint64) (text []byte) {
		cfg := full
		cfg.Seed = seed
		g, err := New(cfg)
		require.NoError(t, err)
		for now := int64(begin); now <= begin+400; now += step {
			for ev := g.Next(now); ev != nil; ev = g.Next(now) {
				text = append(event.Append(text, ev), '\n')
			}
		}
		return text
	}
	require.Equal(t, string(stream(1, 7)), string(stream(40, 7)))
	require.NotEqual(t, string(stream(1, 7)), string(stream(1, 8)))
}

// TestPace: no more and no less than the rate, with the times at which the events were due.
func TestPace(t *testing.T) {
	g, err := New(Config{Rate: 1000})
	require.NoError(t, err)
	require.Equal(t, int64(begin), g.Next(begin).Time)
	require.Nil(t, g.Next(begin))
	for want := int64(begin + 1); want <= begin+500; want++ {
		require.Equal(t, want, g.Next(begin+500).Time)
	}
	require.Nil(t, g.Next(begin+500))
}

func TestUnpaced(t *testing.T) {
	g := generate(t, Config{Seed: 3, Duplicates: 0.1}, 50_000, func(ev *event.Event) { require.GreaterOrEqual(t, ev.Time, int64(begin)) })
	require.GreaterOrEqual(t, g.Truth().Events, int64(50_000))
	require.True(t, g.Done())
	require.Nil(t, g.Next(math.MaxInt64))
}

func TestDefinitions(t *testing.T) {
	g, err := New(full)
	require.NoError(t, err)
	defs := g.Definitions()
	var names []string
	for _, def := range defs {
		names = append(names, def.Experiment+" "+def.Unit)
	}
	require.Equal(t, []string{"checkout-button user", "signup-copy user", "heavy-banner user", "better-0004 user", "ranker-latency event"}, names)
	require.Equal(t, int64(10*time.Second/time.Millisecond), int64(defs[0].Metrics[0].Window))
}

func TestFaults(t *testing.T) {
	_, err := New(Config{Experiments: -1, Rate: -1, Effect: 3, Split: 2, Duplicates: 0.9, Late: -1, Tagged: 2, Window: time.Second})
	for _, name := range []string{"experiments", "rate", "effect", "split", "duplicates", "late", "tagged", "window"} {
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, Config{}.Validate())
}

func TestTruthForms(t *testing.T) {
	g := generate(t, Config{Rate: 1000, Experiments: 1, Tagged: 0.1}, 1000, func(*event.Event) {})
	var text bytes.Buffer
	require.NoError(t, g.Truth().Write(&text))
	require.Contains(t, text.String(), fmt.Sprint(g.Truth().Experiments[0].Variants[0].Units))
	require.Contains(t, text.String(), "+5 %")
	data, err := json.Marshal(g.Truth())
	require.NoError(t, err)
	require.Contains(t, string(data), `"kind":"better"`)
}

func TestAllocations(t *testing.T) {
	g, err := New(full)
	require.NoError(t, err)
	now, room := int64(begin), make([]byte, 0, 512)
	step := func() {
		now++
		for ev := g.Next(now); ev != nil; ev = g.Next(now) {
			room = event.Append(room[:0], ev)
		}
	}
	for range 6000 {
		step()
	}
	require.Less(t, testing.AllocsPerRun(1000, step), 0.5, "a ms is 50 events")
}

func BenchmarkNext(b *testing.B) {
	g, err := New(Config{Rate: 200_000, Duplicates: 0.02, Late: 0.02, Tagged: 0.1})
	require.NoError(b, err)
	now := int64(begin)
	b.ReportAllocs()
	for range b.N {
		for g.Next(now) == nil {
			now++
		}
	}
}
