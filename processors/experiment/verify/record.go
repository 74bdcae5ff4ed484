package verify

import "github.com/abacus-stream/abacus/processors/experiment"

// Record is one record of the events topic.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Appended  int64 // append time of the broker, Unix ms
	Key       []byte
	Value     []byte
}

// Input is what the recomputation starts from, but for the events.
type Input struct {
	Prefix     string             // of all names; empty: abacus
	Events     string             // topic of the events; empty: <prefix>.events
	Partitions int                // of that topic
	Entries    []experiment.Entry // rows of the registry table
	Adoptions  []Adoption         // empty: all entries are known to all tasks from the beginning
	Quiets     []Quiet            // nil: not known, idleness is then not followed
	MaxAhead   int64              // ms that ts may be after the append time; 0: five minutes
	Watermark  int64              // greatest known of stage 2; 0: the greatest as_of among the stats records
	IdleAfter  int64              // ms of silence after which a task may be idle; 0: a second
	OnClose    bool               // windows have no record before they are closed
	NeverIdle  bool               // no task was idle before the end of the log, nor at another time of it than those that forward to it
}

// Adoption says that the task of a partition knows a version from an input offset on: a row of the
// changelog of stage 1.
type Adoption struct {
	Experiment string
	Run        int
	Version    int64
	Partition  int32
	Offset     int64 // of the first event that sees it
	StreamTime int64 // of the task by then; 0: not known
}

// Quiet says that the task of a partition had been idle before it took the event at an offset: a row of the changelog
// of stage 1.
type Quiet struct {
	Partition  int32
	Offset     int64
	StreamTime int64
}

// Difference is one field in which the engine and the recomputation do not agree.
type Difference struct {
	Key   string // of the stats record, or of the Redis hash
	Field string // path in the record, or name in the hash; empty: the whole record
	Want  string // recomputed; empty: should not exist
	Got   string // found; empty: does not exist
}
