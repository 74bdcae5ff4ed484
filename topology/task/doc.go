// Package task runs one sub-topology on one partition. A task is a deterministic
// step function: records, time and globals are arguments, outputs go to an
// outbox. It has no I/O, no goroutine and no clock of its own, so the worker,
// the test driver and a simulator run the very same code.
//
// A task's whole mutable state is its tables and its position. The position is
// a row of the task store (key "p"); the watermark vector lies beside it.
//
// Layout of the task store, version 1:
//
//	"p"                               position, see AppendPosition
//	"w" | source 2 bytes | task 4     watermark of one upstream task: version 1 | time 8 | idle 1 | tasks 4
package task
