package worker

import "github.com/abacus-stream/abacus/topology"

// Policies say what becomes of records that the app cannot deal with. Zero fields mean the defaults;
// a source or a node may have its own by topology.OnUndecodable and topology.OnFailure.
type Policies struct {
	Undecodable topology.Policy // of records that the codecs of a source refuse; default DeadLetter
	Failing     topology.Retry  // of records that a node fails at; default 5 tries, then Stop
}

func (p *Policies) validate(check func(ok bool, format string, args ...any)) {
	check(p.Undecodable <= topology.Stop, "policy for undecodable records is %d: there is none of that number", p.Undecodable)
	check(p.Failing.Then <= topology.Stop, "policy for failing records is %d: there is none of that number", p.Failing.Then)
	check(p.Failing.Tries >= 0 && p.Failing.Backoff >= 0, "failing records get %d tries with a backoff of %s: neither may be negative", p.Failing.Tries, p.Failing.Backoff)
}
