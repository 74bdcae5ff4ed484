package worker

import "github.com/abacus-stream/abacus/topology"

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
	Lost Lost
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
	check(p.Lost <= Latest, "policy for lost records is %d: there is none of that number", p.Lost)
	check(p.Failing.Then <= topology.Stop, "policy for failing records is %d: there is none of that number", p.Failing.Then)
	check(p.Failing.Tries >= 0 && p.Failing.Backoff >= 0, "failing records get %d tries with a backoff of %s: neither may be negative", p.Failing.Tries, p.Failing.Backoff)
}
