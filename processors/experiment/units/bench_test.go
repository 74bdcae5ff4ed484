package units

import (
	"fmt"
	"testing"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
	"github.com/stretchr/testify/require"
)

// load is records to be processed again and again without a log.
type load struct {
	h    *harness
	recs []topology.Record[[]byte, event.Event]
	srcs []topology.Source
}

func (l *load) add(t testing.TB, e ev) {
	src := topology.Source{Topic: eventsTopic, Key: []byte(e.Unit), Appended: e.ms(), Value: e.json()}
	var rec topology.Record[[]byte, event.Event]
	require.NoError(t, event.Codec.Parse(src.Value, &rec.Value))
	rec.Key = src.Key
	l.recs, l.srcs = append(l.recs, rec), append(l.srcs, src)
}

// process takes record i and does not look at the log.
func (l *load) process(i int) error {
	l.h.src = l.srcs[i]
	l.h.src.Offset = l.h.next
	l.h.next++
	return l.h.proc.Process(&l.recs[i])
}

// known is a load on n units that are exposed.
func known(t testing.TB, n int, make func(i int) ev) *load {
	return knownTo(t, func(*experiment.Definition) {}, n, make)
}

// knownTo is one on an experiment that is changed.
func knownTo(t testing.TB, change func(*experiment.Definition), n int, make func(i int) ev) *load {
	l := &load{h: newHarness(t, shop(func(d *experiment.Definition) {
		d.Metrics[0].Window, d.Metrics[1].Window = 1<<40, 1<<40
		change(d)
	}), ranker())}
	l.h.stream = base
	for i := range n {
		l.add(t, exposed("x", fmt.Sprint("u", i), "A", 0))
		require.NoError(t, l.process(i))
	}
	l.h.commit()
	l.recs, l.srcs = l.recs[:0], l.srcs[:0]
	for i := range n {
		l.add(t, make(i))
	}
	return l
}

func BenchmarkUnits(b *testing.B) {
	const n = 100_000
	kinds := map[string]func(i int) ev{
		"tagged":     func(i int) ev { return tagged(fmt.Sprint("c", i), "B", "12.5", float64(i)/1000) },
		"attributed": func(i int) ev { return bought(fmt.Sprint("p", i), fmt.Sprint("u", i), "12.34", float64(i)/1000) },
		"repeated":   func(i int) ev { return exposed(fmt.Sprint("y", i), fmt.Sprint("u", i), "A", float64(i)/1000) },
	}
	for name, make := range kinds {
		b.Run(name, func(b *testing.B) {
			l := known(b, n, make)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if i > 0 && i%n == 0 {
					b.StopTimer()
					l = known(b, n, make)
					b.StartTimer()
				}
				if err := l.process(i % n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Nothing is allocated for a record where all is warm.
func TestNoAllocation(t *testing.T) {
	id := 0
	fresh := func(e *ev) { id++; e.ID = fmt.Sprint("id", id) }
	for name, e := range map[string]ev{
		"tagged": tagged("", "B", "12.5", 1), "attributed": bought("", "u0", "12.34", 1), "in segments": bought("", "u0", "12.34", 1), "adjusted": bought("", "u0", "12.34", 1), "repeated": exposed("", "u0", "A", 1), "ignored": {Type: "scroll", Unit: "u0", At: 1},
	} {
		l := knownTo(t, func(d *experiment.Definition) {
			switch name {
			case "in segments":
				d.Segments = byCountry
			case "adjusted": // and of a ratio
				before := &experiment.Covariate{Period: 10 * seconds}
				d.Metrics[1].Covariate = before
				d.Metrics = append(d.Metrics, experiment.Metric{Name: "basket", Kind: "ratio", Numerator: "revenue", Denominator: "purchase", Window: 1 << 40, Covariate: before})
			}
		}, 1, func(int) ev { fresh(&e); return e })
		for range 2000 {
			fresh(&e)
			l.add(t, e)
		}
		i := 0
		next := func() {
			if err := l.process(i); err != nil {
				t.Fatal(err)
			}
			i++
		}
		for range 1000 {
			next()
		}
		require.LessOrEqual(t, testing.AllocsPerRun(500, next), 0.1, name)
	}
}
