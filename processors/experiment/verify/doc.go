// Package verify recomputes an experiment from the input topic, in one batch and by itself: the judge of the streaming
// engine. It shares no code with the stages or with the event scanner: events are read by encoding/json into maps of exact keys,
// those in MessagePack after a library has made them JSON, numbers are big integers, and what a unit is worth is computed from all its events, again after each of them. Only figures
// that are functions of sums come from package cells, filled with the sums of this package.
//
// A [Verifier] takes the records of the events topic, then compares the last values of the stats topic and the hashes of Redis.
// It does no I/O.
//
// # The life of a record
//
//	event.go, decimal.go   bytes to an event, or the reason of a dead letter; msgpack.go MessagePack to JSON
//	verifier.go            records by partition; those of another partition's units are forwarded
//	knowledge.go           which experiments the task knows at an offset: the schedule that it wrote
//	task.go, waiting.go    stream time, and what the registry says of an event
//	row.go                 one unit: duplicates, first exposure, retractions
//	share.go               what the unit contributes to one experiment, computed from scratch
//	joint.go               ratios, and what is known of a unit before its exposure
//	settle.go, mature.go   what changed late, what has matured and in which pane
//	tally.go               the sums of all units: cells, panes, drops
//	expectation.go         them by name      sums.go, want.go  as stats records
//	compare.go, redis.go   against what is there, as far as it can be decided: leniency.go
//	decisions.go           stops and alerts, from panes of maturity
//
// Definitions are resolved in plan.go and metric.go.
//
// # What the input does not tell
//
// Forwarded records. When a forwarded record reached its task is not in the events topic. It is taken to arrive in the order of
// append time, partition, offset among the task's own records. It neither holds nor moves stream time, and whether a conversion
// waited too long for a forwarded exposure is decided by the stream time of the partition that it lay in. So this matters only for
// which of two events of one id was first and, in a backlog, for retractions, for what was late for a window (revision) and for what
// a unit had when it matured: these two are then not compared.
//
// Idle tasks. Stream time here is the greatest event time of the good events of a task's own partition. A task that hears nothing
// for a while also advances with the wall clock: it matures units, closes panes, and lets a conversion that waits for its exposure go.
// With the next event, and with each adoption, it writes how far it came: Input.Quiets and Adoption.StreamTime, which are followed.
// What it did after the last event of the log no row tells, but a unit matures in the pane of the moment that it is due, whatever brings
// stream time there: as_of of a record says which panes are in it. Only whether it is closed may depend on a unit on its way. Where
// a task was idle in event time that others had passed, panes come after their close, the record counts them in matured_late, and the
// matured track is not compared. Without Quiets it is not compared wherever a gap in the log lets a task be idle, and the rest may
// differ by what was decided in such gaps; Input.NeverIdle says that there were none.
//
// Watermarks. A record is compared as of the watermark that it says it reflects, which must be the end of a pane and not beyond the
// last pane of the experiment. Windows whose retention the greatest known watermark has passed, or may have passed by the latest
// event time, may be absent.
//
// Former runs of an experiment are taken to be like the present one as far as they keep rows of units; nothing of them is compared. Nor
// is an archived experiment, of which the topic does not tell when it ended.
package verify
