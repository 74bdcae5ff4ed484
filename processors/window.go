package processors

import (
	"time"

	"github.com/abacus-stream/abacus/topology"
)

// Emit says when the results of windows are forwarded; the values may be joined by |.
type Emit uint8

const (
	// OnUpdate forwards each result that changed, when the task commits.
	OnUpdate Emit = 1 << iota
	// OnClose forwards the final result when its window closes; also behind OnUpdate, as a repetition.
	OnClose
)

// WindowedBy is a kind of windows, as Kafka Streams' windowedBy takes them: Tumbling, Hopping,
// Sliding or Session. All have a Grace, which is how long after its end a window still takes records, by
// stream time; an Emit; and an Every, which forwards what has changed, and is not yet forwarded,
// each time stream time passes a multiple of it. Zero Emit and Every are OnUpdate, a zero Emit
// beside an Every is that alone. All durations are whole milliseconds.
type WindowedBy interface {
	cut() panes
}

// Windows is a stream cut into windows, for CountWindows, ReduceWindows, AggregateWindows and
// AggregateMerging.
type Windows[K, V any] struct {
	stream topology.Stream[K, V]
	panes  panes
	fault  string
}

// Window cuts a stream into windows of event time.
func Window[K, V any](in topology.Stream[K, V], by WindowedBy) Windows[K, V] {
	if by == nil {
		return Windows[K, V]{stream: in, fault: "its windows are of no kind; give Window a Tumbling, Hopping, Sliding or Session"}
	}
	p := by.cut()
	fault := p.fault()
	if p.emit == 0 && p.every == 0 {
		p.emit = OnUpdate
	}
	return Windows[K, V]{stream: in, panes: p, fault: fault}
}

// Tumbling windows follow each other without a gap: [n x Size, (n+1) x Size) of Unix time.
type Tumbling struct {
	Size, Grace time.Duration
	Emit        Emit
	Every       time.Duration
}

func (w Tumbling) cut() panes {
	return newPanes(w.Size, w.Size, w.Grace, w.Emit, w.Every)
}

// Hopping windows [n x Advance, n x Advance + Size) begin every Advance, which is at most Size: a
// record lies in as many as overlap. Its state is that of one pane, as long as the greatest
// common divisor of Size and Advance: windows are merged from panes as they are forwarded.
type Hopping struct {
	Size, Advance, Grace time.Duration
	Emit                 Emit
	Every                time.Duration
}

func (w Hopping) cut() panes {
	return newPanes(w.Size, w.Advance, w.Grace, w.Emit, w.Every)
}

// Sliding windows hold the records of a key that are at most Difference apart, as Kafka Streams'
// (KIP-450): for a record at t there is [t - Difference, t], and [t + 1, t + 1 + Difference] if a
// record lies in it. Both ends belong to a window, which in keys are start and end + 1. A record is
// late by the window that it ends, and counts in those that are still open. Its state is that of
// its millisecond: windows are merged as they are forwarded.
type Sliding struct {
	Difference, Grace time.Duration
	Emit              Emit
	Every             time.Duration
}

func (w Sliding) cut() panes {
	return panes{
		size: w.Difference.Milliseconds() + 1, advance: 1, pane: 1, sliding: true,
		grace: w.Grace.Milliseconds(), emit: w.Emit, every: w.Every.Milliseconds(),
		faults: []duration{{"difference", w.Difference, time.Millisecond}, {"grace", w.Grace, 0}, {"Every", w.Every, 0}},
	}
}

// Session windows hold the records of a key that are at most Gap apart: [first, last + 1). A record
// may extend a session or merge several; each window that it had, and that was forwarded, then gets
// a tombstone. A session closes Gap and Grace after its end.
type Session struct {
	Gap, Grace time.Duration
	Emit       Emit
	Every      time.Duration
}

func (w Session) cut() panes {
	return panes{
		gap: w.Gap.Milliseconds(), grace: w.Grace.Milliseconds(), emit: w.Emit, every: w.Every.Milliseconds(), sessions: true,
		faults: []duration{{"gap", w.Gap, time.Millisecond}, {"grace", w.Grace, 0}, {"Every", w.Every, 0}},
	}
}
