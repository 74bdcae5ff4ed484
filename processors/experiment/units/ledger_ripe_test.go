package units

import (
	"fmt"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// ripeCell is what has matured of a cell in the pane of a stream time.
func (l *ledger) ripeCell(key [3]int64, at int64, metrics int) *experiment.CellDelta {
	ripe := [4]int64{key[0], key[1], key[2], paneOf(at)}
	if l.ripe[ripe] == nil {
		l.ripe[ripe] = &experiment.CellDelta{Matured: make([]stats.Sums, metrics), NonZero: make([]int64, metrics), Drawn: make([]int64, metrics)}
	}
	return l.ripe[ripe]
}

// addRipe adds the part of a cell that has matured to its pane.
func (l *ledger) addRipe(c *experiment.CellDelta) {
	if c.Ripe == 0 {
		return
	}
	into := l.ripeCell([3]int64{int64(c.Variant), c.Epoch, int64(c.Segment)}, c.Ripe, max(len(c.Live), len(c.Matured)))
	into.FirstSeen += c.FirstSeen
	into.Crossed += c.Crossed
	for i := range c.Matured {
		into.Matured[i].Add(c.Matured[i])
	}
	for i, n := range c.NonZero {
		into.NonZero[i] += n
	}
	for i, n := range c.Drawn {
		into.Drawn[i] += n
	}
	for _, j := range c.Joint {
		joined(into, j.Metric).Matured.Add(j.Matured)
	}
}

// ripes is one line a cell and pane in which something has matured.
func (l *ledger) ripes() string {
	var lines []string
	for k, c := range l.ripe {
		if emptyCell(c) {
			continue
		}
		line := fmt.Sprintf("ripe in %d %c@%d/%d: seen %d crossed %d matured%s nonzero %v drawn %v", (k[3]-base)/1000, 'A'+rune(k[0]), k[1], k[2],
			c.FirstSeen, c.Crossed, sumsText(c.Matured), c.NonZero, c.Drawn)
		for _, j := range c.Joint {
			if text := jointText(j.Matured); strings.Trim(text, " 0/") != "" {
				line += fmt.Sprintf(" joint %d%s", j.Metric, text)
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
