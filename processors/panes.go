package processors

import (
	"fmt"
	"time"
)

// panes is the arithmetic of windows, in ms. Windows [n x advance, n x advance + size) consist of
// whole panes; a tumbling one is its only pane.
type panes struct {
	size, advance, grace int64
	pane                 int64
	sessions             bool  // which have a gap, and no size, advance or pane
	gap                  int64 // else 0
	sliding              bool  // by the records: panes are milliseconds that have any
	emit                 Emit
	every                int64
	faults               []duration
}

// duration is one field as the user has set it.
type duration struct {
	field string
	value time.Duration
	least time.Duration
}

func newPanes(size, advance, grace time.Duration, emit Emit, every time.Duration) panes {
	p := panes{size: size.Milliseconds(), advance: advance.Milliseconds(), grace: grace.Milliseconds(), emit: emit, every: every.Milliseconds()}
	p.pane = divisor(p.size, p.advance)
	p.faults = []duration{{"size", size, time.Millisecond}, {"advance", advance, time.Millisecond}, {"grace", grace, 0}, {"Every", every, 0}}
	return p
}

// divisor is the greatest one that two lengths share.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// fault says what is wrong with the windows, or is empty.
func (p panes) fault() string {
	for _, d := range p.faults {
		if d.value < d.least || d.value%time.Millisecond != 0 {
			return "the " + d.field + " of its windows is " + d.value.String() + "; it must be a whole number of ms"
		}
	}
	switch {
	case p.advance > p.size:
		return "its windows advance by more than their size: records between them would lie in none"
	case p.emit > OnUpdate|OnClose:
		return "the Emit of its windows is neither OnUpdate nor OnClose nor both"
	}
	return ""
}

// tumbling says that each window is one pane.
func (p panes) tumbling() bool { return !p.sessions && p.pane == p.size }

// layout says what the rows are. Grace, Every and the gap of sessions may change: rows of before are read as they are.
func (p panes) layout() string {
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	switch {
	case p.sessions:
		return "sessions by key"
	case p.sliding:
		return fmt.Sprintf("results by key and time, for sliding windows of %s", ms(p.size-1))
	case p.tumbling():
		return fmt.Sprintf("results by windows of %s", ms(p.size))
	}
	return fmt.Sprintf("results by panes, for windows of %s every %s", ms(p.size), ms(p.advance))
}

// of is the pane that a time lies in.
func (p panes) of(at int64) (start, end int64) {
	start = floor(at, p.pane)
	return start, start + p.pane
}

// windows are the starts of the first and the last window that a pane belongs to.
func (p panes) windows(pane int64) (first, last int64) {
	return floor(pane-p.size, p.advance) + p.advance, floor(pane, p.advance)
}

// reach is how long after a record the last of its windows closes.
func (p panes) reach() int64 {
	if p.sliding {
		return p.due(p.size + 1) // that which begins behind it
	}
	return p.due(p.size)
}

// due is the stream time at which a window closes.
func (p panes) due(end int64) int64 { return end + p.gap + p.grace }

// floor is the greatest multiple of a step that is not beyond a time.
func floor(at, step int64) int64 {
	into := at % step
	if into < 0 {
		into += step
	}
	return at - into
}
