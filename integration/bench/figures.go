package bench

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// figures are the values of one quantity, one for each run.
type figures []float64

func (f *figures) add(v float64) { *f = append(*f, v) }

// median of the runs; of an even number, the mean of the two in the middle.
func (f figures) median() float64 {
	s := slices.Sorted(slices.Values(f))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// text is the median with the least and the greatest run, in a unit.
func (f figures) text(unit float64, decimals int) string {
	if len(f) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f (%.*f-%.*f)", decimals, f.median()/unit, decimals, slices.Min(f)/unit, decimals, slices.Max(f)/unit)
}

// quantile q of sorted values: the one above that share of them.
func quantile[T cmp.Ordered](sorted []T, q float64) T {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// cost is what the runs of a contender came to.
type cost struct {
	records          int64 // of a run
	cpu, speed, peak figures
	warm             struct{ cpu, speed figures } // without the first records
	dropped          figures
}

func (c *cost) add(u usage) {
	c.dropped.add(float64(u.Dropped))
	c.cpu.add(float64(u.CPU.Nanoseconds()) / float64(c.records))
	c.speed.add(float64(c.records) / u.Wall.Seconds())
	c.peak.add(float64(u.Peak))
}

// delay is what the trials of a kind came to, in seconds.
type delay struct {
	events         int
	p50, p99, most figures
	silence, lost  figures // the longest without a result; events
}

func (d *delay) add(took []time.Duration) {
	slices.Sort(took)
	d.events = len(took)
	d.p50.add(quantile(took, 0.5).Seconds())
	d.p99.add(quantile(took, 0.99).Seconds())
	d.most.add(took[len(took)-1].Seconds())
}

// addWarm takes in the part of a run in which the contender was warm.
func (c *cost) addWarm(w stretch) {
	c.warm.cpu.add(float64((w.to.cpu - w.from.cpu).Nanoseconds()) / float64(w.records))
	c.warm.speed.add(float64(w.records) / w.to.at.Sub(w.from.at).Seconds())
}
