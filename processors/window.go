package processors

import (
	"time"

	"github.com/abacus-stream/abacus/topology"
)

// Tumbling windows follow each other without a gap: [n x Size, (n+1) x Size) of Unix time. Size is
// a whole number of milliseconds, at least one, and so is Grace; Grace is how long after its end a
// window still takes records, by stream time. A zero Emit is OnUpdate.
type Tumbling struct {
	Size, Grace time.Duration
	Emit        Emit
}

// Emit says when the results of windows are forwarded; the values may be joined by |.
type Emit uint8

const (
	// OnUpdate forwards each result that changed, when the task commits.
	OnUpdate Emit = 1 << iota
	// OnClose forwards the final result when its window closes; also behind OnUpdate, as a repetition.
	OnClose
)

// Windows is a stream cut into windows, for CountWindows, ReduceWindows and AggregateWindows.
type Windows[K, V any] struct {
	stream topology.Stream[K, V]
	panes  panes
	fault  string
}

// Window cuts a stream into windows of event time.
func Window[K, V any](in topology.Stream[K, V], by Tumbling) Windows[K, V] {
	w := Windows[K, V]{stream: in, panes: panes{size: by.Size.Milliseconds(), grace: by.Grace.Milliseconds(), emit: by.Emit}}
	if by.Emit == 0 {
		w.panes.emit = OnUpdate
	}
	switch {
	case by.Size < time.Millisecond || by.Size%time.Millisecond != 0:
		w.fault = "the size of its windows is " + by.Size.String() + "; it must be a whole number of ms"
	case by.Grace < 0 || by.Grace%time.Millisecond != 0:
		w.fault = "the grace of its windows is " + by.Grace.String() + "; it must be a whole number of ms"
	case by.Emit > OnUpdate|OnClose:
		w.fault = "the Emit of its windows is neither OnUpdate nor OnClose nor both"
	}
	return w
}

// panes is the arithmetic of tumbling windows, in ms.
type panes struct {
	size, grace int64
	emit        Emit
}

// of is the pane that a time lies in.
func (p panes) of(at int64) (start, end int64) {
	into := at % p.size
	if into < 0 {
		into += p.size
	}
	return at - into, at - into + p.size
}

// due is the stream time at which a pane closes.
func (p panes) due(end int64) int64 { return end + p.grace }
