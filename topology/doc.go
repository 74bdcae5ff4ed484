// Package topology is the graph of a stream processor: sources, processors and
// sinks, joined by streams whose types are checked when they are built.
//
// # The life of a record
//
//	poll       topology/worker/poll.go     records of all tasks, at most PollRecords at a time
//	queue      topology/task/queue.go      to the task of its partition; oldest event time first
//	decode     topology/source.go          bytes to a typed record, by the source's codecs
//	route      topology/processor.go       through the receivers below, each called with its own type
//	state      state/table.go              rows read and written in the task's tables
//	emit       topology/sink.go            outputs encoded and buffered until the commit
//	commit     topology/worker/commit.go   changelog, outputs and offsets in one transaction, then the engine
//
// A record that cannot be decoded, or that a node fails at, leaves this way in topology/task/failure.go, as Policy
// and Retry say: tried again, put aside with the next commit, or the end of the app.
//
// A topology is cut at repartition topics into sub-topologies; a task runs one
// sub-topology on one partition. The graph never sees how it is run: Processor,
// Context and state.Log are the only doors between the two.
package topology
