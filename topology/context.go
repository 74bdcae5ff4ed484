package topology

import (
	"math"

	"github.com/abacus-stream/abacus/state"
)

// Context is what a task offers to its processors: the door from the graph to
// the engine. It belongs to one task and is used from that task's goroutine.
type Context interface {
	// Task is the id of the task.
	Task() TaskID
	// Tasks is the number of tasks of this sub-topology: the partitions of its sources.
	Tasks() int
	// Table is a store declared for the calling processor's sub-topology.
	// It panics for a name that was not declared: the topology is wrong.
	Table(name string) *state.Table
	// Closed is the greatest end, in Unix ms, of what was closed under a Store.Grace that was less than the present one,
	// math.MinInt64 where there was none: it stays closed.
	Closed(store string) int64
	// StreamTime is the task's stream time in Unix ms; math.MinInt64 before the first record.
	// Behind a repartition topic it is the watermark over all upstream tasks.
	StreamTime() int64
	// WallTime is the wall-clock time of the current step, Unix ms, read once per poll.
	WallTime() int64
	// Source is the record being processed; only its zero value outside Process.
	Source() *Source
	// NextOffset is the offset after the last processed record of a source topic of this task,
	// or -1 where none has been read yet.
	NextOffset(topic string) int64
	// Heard is the greatest event time among the records of a source topic of this task that move stream time, the current
	// one included, in Unix ms; the least int64 before the first. What stream time is beyond it came by idleness.
	Heard(topic string) int64
	// SetGrace sets the distance in ms between stream time and the watermarks that this task sends.
	// Of several calls in Init the largest counts; later calls replace it.
	SetGrace(ms int64)
	// OnStreamTime registers a timer in stream time. Call it in Init.
	OnStreamTime(fire func(now int64) error) *Timer
	// OnWallClock registers a timer in wall-clock time. Call it in Init.
	OnWallClock(fire func(now int64) error) *Timer
	// Punctuate registers a punctuator, whose schedule survives restarts; the timers of before are set anew by Init. Call it
	// in Init. Errors: those of Punctuator.Validate, a name that is taken, those of the store.
	Punctuate(p Punctuator) error
	// Hold registers a hold on the watermarks that this task sends. Call it in Init.
	Hold() *Hold
	// OnFlush registers a callback that runs before each commit: outputs sent there belong to
	// the same transaction as the records processed since the last one. Call it in Init.
	OnFlush(flush func() error)
	// OnGlobal registers a callback for the rows of a global table: first all rows that exist,
	// before any record, later each change between two steps, or the last of several of a key. A nil value is a deletion.
	// Call it in Init.
	OnGlobal(topic string, apply func(row GlobalRow) error)
	// Send appends an encoded record to a declared sink, in the current transaction. Bytes are copied.
	Send(sink int, out Encoded)
	// DeadLetter sends the record being processed to the dead-letter topic with a reason.
	DeadLetter(reason string, cause error)
	// Reject sends another record to the dead-letter topic, as one that waited in state.
	Reject(src *Source, reason string, cause error)
	// Late sends the record being processed to the late topic with its window and lateness in ms.
	Late(window string, lateness int64)
	// Count adds to a counter of the task's metrics.
	Count(metric string, n int64)
	// Counter is the same counter at hand, for what is counted with each record. Call it in Init.
	Counter(metric string) *Counter
}

// Encoded is a record ready to be produced.
type Encoded struct {
	Key       []byte
	Value     []byte // nil is a tombstone
	Time      int64  // event time, Unix ms; carried in the frame of repartition topics
	Partition int32  // -1: by the sink's partitioner
	Headers   []Header
}

// GlobalRow is one row of a global table.
type GlobalRow struct {
	Key, Value []byte
	Offset     int64
}

// Counter counts since the task last handed its counters over.
type Counter struct{ N int64 }

// Hold keeps the watermarks of a task from passing records that are still to come: none is beyond
// At, in Unix ms, while it is not Never. A task that holds is not idle.
type Hold struct{ At int64 }

// Never is the due time of a timer that is not set.
const Never = math.MaxInt64

// Timer fires once when its clock reaches the due time; Fire may set it again.
type Timer struct {
	due  int64
	fire func(now int64) error
}

// NewTimer makes an unset timer; tasks and test drivers call it.
func NewTimer(fire func(now int64) error) *Timer { return &Timer{due: Never, fire: fire} }

// At sets the due time in ms of the timer's clock.
func (t *Timer) At(due int64) { t.due = due }

// Sooner sets the due time if it is earlier than the present one.
func (t *Timer) Sooner(due int64) { t.due = min(t.due, due) }

// Due is the time at which the timer fires, Never if it is not set.
func (t *Timer) Due() int64 { return t.due }

// Advance fires the timer until it is due later than now.
func (t *Timer) Advance(now int64) error {
	for t.due <= now {
		t.due = Never
		if err := t.fire(now); err != nil {
			return err
		}
	}
	return nil
}
