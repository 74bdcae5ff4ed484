package table

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
)

// plotWidth is an odd number of characters, so that 0 has its own.
const plotWidth = 25

// scales are the ends a plot may have; one of a few, so that it seldom jumps.
var scales = []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1}

// scaleOf returns the end that holds three quarters of the intervals: one experiment that has just begun must not
// make all others a dot.
func scaleOf(records []*result.Record) float64 {
	var reaches []float64
	for _, rec := range records {
		for _, m := range rec.Metrics {
			for _, c := range m.Comparisons {
				low, okLow := c.RelativeIntervalAlways[0].Float()
				high, okHigh := c.RelativeIntervalAlways[1].Float()
				if okLow && okHigh {
					reaches = append(reaches, max(math.Abs(low), math.Abs(high)))
				}
			}
		}
	}
	if len(reaches) == 0 {
		return scales[0]
	}
	slices.Sort(reaches)
	reach := reaches[(len(reaches)*3-1)/4]
	for _, scale := range scales {
		if reach <= scale {
			return scale
		}
	}
	return scales[len(scales)-1]
}

// plot draws an interval and its estimate on a line from -scale to scale. What is beyond an end is an arrow there.
func plot(c *result.Comparison, scale float64) string {
	line := []rune(strings.Repeat(" ", plotWidth))
	line[plotWidth/2] = '│'
	low, okLow := c.RelativeIntervalAlways[0].Float()
	high, okHigh := c.RelativeIntervalAlways[1].Float()
	estimate, ok := c.Relative.Float()
	if !ok || !okLow || !okHigh {
		return string(line)
	}
	from, to := place(low, scale), place(high, scale)
	for i := max(from, 0); i <= min(to, plotWidth-1); i++ {
		line[i] = '─'
		if i == plotWidth/2 {
			line[i] = '┼'
		}
	}
	if at := place(estimate, scale); at >= 0 && at < plotWidth {
		line[at] = '●'
	}
	if from < 0 {
		line[0] = '◂'
	}
	if to >= plotWidth {
		line[plotWidth-1] = '▸'
	}
	return string(line)
}

// place returns the character of x; -1 and plotWidth are beyond the ends.
func place(x, scale float64) int {
	at := int(math.Round((x/scale + 1) * (plotWidth - 1) / 2))
	return min(max(at, -1), plotWidth)
}

// axis is the heading of the plots.
func axis(scale float64) string {
	low, high := fmt.Sprintf("%+.0f %%", -100*scale), fmt.Sprintf("%+.0f %%", 100*scale)
	room := plotWidth/2 - len(low)
	return low + strings.Repeat(" ", room) + "0" + strings.Repeat(" ", plotWidth/2-len(high)) + high
}
