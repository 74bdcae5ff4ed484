package worker

import (
	"time"

	"github.com/abacus-stream/abacus/topology"
)

// Policies say what becomes of records that the app cannot deal with. Zero fields mean the defaults;
// a source or a node may have its own by topology.OnUndecodable and topology.OnFailure.
type Policies struct {
	Undecodable topology.Policy // of records that the codecs of a source refuse; default DeadLetter
	Failing     topology.Retry  // of records that a node fails at; default 5 tries, then Stop
	// Refused is for outputs that their topic does not take, as one that is too large; default Stop, after 5 tries. A row
	// of a changelog or a dead letter that is refused stops the app in any case.
	Refused topology.Policy
	// Lost is for records of a source that were deleted before they were processed, by retention or by hand; default
	// Refuse.
	Lost  Lost
	Alarm Alarm
}

// Alarm is raised once when more than a share of the records of this process are put aside, as dead letters or left
// out; again when it has been less meanwhile. It is looked at with each commit.
type Alarm struct {
	Share float64       // for example 0.01; default none, and no alarm
	Over  time.Duration // the time looked back on, default 1 min
	Least int64         // fewer records within it raise no alarm, default 100
	Stop  bool          // the app stops, with what the commit has done; else it logs a warning and goes on
}

// Lost says how a task goes on whose committed offset is outside of its source's log.
type Lost uint8

// Where a task goes on. What is passed over is logged, and counted in offsets as lost_offsets_total.
const (
	Refuse   Lost = iota // nowhere: the app stops and names what is lost
	Earliest             // at the first record after what is lost
	Latest               // at the end of the log: what is there is passed over too
)

func (p *Policies) validate(check func(ok bool, format string, args ...any)) {
	check(p.Undecodable <= topology.Stop, "policy for undecodable records is %d: there is none of that number", p.Undecodable)
	check(p.Refused <= topology.Stop, "policy for refused outputs is %d: there is none of that number", p.Refused)
	check(p.Alarm.Share >= 0 && p.Alarm.Share < 1 && p.Alarm.Over >= time.Second && p.Alarm.Least >= 0,
		"alarm at a share of %g over %s, of %d records at least: the share must be in [0, 1), the time at least 1s", p.Alarm.Share, p.Alarm.Over, p.Alarm.Least)
	check(p.Lost <= Latest, "policy for lost records is %d: there is none of that number", p.Lost)
	check(p.Failing.Then <= topology.Stop, "policy for failing records is %d: there is none of that number", p.Failing.Then)
	check(p.Failing.Tries >= 0 && p.Failing.Backoff >= 0, "failing records get %d tries with a backoff of %s: neither may be negative", p.Failing.Tries, p.Failing.Backoff)
}
