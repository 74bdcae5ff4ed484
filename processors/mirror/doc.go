// Package mirror copies the stats topic to Redis, for dashboards and pages that read hashes instead of Kafka. It is a
// topology of our own: source <prefix>.stats, a table of the latest record of each key whose changelog is that topic,
// and a processor that writes what has changed before each commit. Redis is never a source of truth.
//
// # The life of a record
//
//	mirror.go    the record goes into the table as it is; does it change what a hash of Redis shows?
//	shows.go     which hash it is for
//	shown.go     which window of a grain is shown, and by which record of the topic that was decided
//	backlog.go   the hashes that Redis has yet to be told of
//	flush.go     before a commit: within Timeout, in pipelines; when Redis is away it stays in the backlog
//	call.go      the fields of the hashes of one experiment, in one call of script.lua
//	fields.go    a record as fields
//	sentinel.go  each second and with each write: does Redis still have all that it acknowledged?
//	owner.go     and is it ours?
//	health.go    what all tasks know of Redis, so that a stalled one costs a Timeout a second, not one a task
//
// # Why a write before the commit is right
//
// The source is read read_committed, so what is written was committed by whoever computed it; the mirror's own
// transaction only moves its position. When that transaction is aborted, the records are read again and lead to the
// same writes.
//
// Invariant (never back): a hash carries in _offset the partition and offset of the record that decided its content, in
// _topic the identity of the topic. The content is a function of the log up to that offset, so of two writes the one
// with the greater offset is the newer, and equal ones are the same. The script ignores lower and equal ones, so neither
// a replay nor an owner that has been replaced and does not know it yet can put anything back. Of a hash that was
// removed the offset stays for an hour in ab:gone:{experiment}, with :<grain> for a window's and :total|<segment> for a segment's.
//
// Invariant (nothing acknowledged is lost unseen): the last command of each pipeline is a new token in the field of the
// task's partition in ab:mirror, and it is set only where the token before it is still there. Redis loses only what came
// last (an asynchronous replica that is promoted, a snapshot that is loaded) or everything (FLUSHALL); either way the
// token is not the one that was acknowledged, whatever is written afterwards. It is read each second, and by each write;
// where it differs every hash is written again from the table, equal offsets included. A Redis without any token is given
// one before the first hash. Of a Redis cluster this holds for the node of ab:mirror; losses of another are made good by
// the next change or restart.
//
// Invariant (one owner): field owner of ab:mirror is the installation whose hashes these are, set with the first token and
// read with each; who is another writes no hash. It ends with the tokens, by a FLUSHALL, or by hand.
//
// An error of Redis never fails the task: the stream goes on, what was not acknowledged stays in the backlog and is tried
// again a second later. After a restart of the task every hash is in the backlog once; the guard leaves those alone that
// are as they should be. A window is shown while it is the newest of its grain in the table; when its record is
// removed, the one before takes its place. A segment has a hash as a total has.
//
// # Rows
//
// Store mirror: the topic's keys and values, unchanged. Store mirror-shown: <experiment>|<grain>, grain total included, of segments total|<segment>, to
// 1 | 1 if there is something to show, else 0 | offset 8 | start of the window 8, 0 of a total; numbers big endian.
//
// Counters: redis_errors, redis_hashes (written or removed), redis_newer (left alone: Redis was further), redis_lost
// (everything written again).
package mirror
