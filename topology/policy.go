package topology

import "time"

// Policy says what becomes of a record that cannot be dealt with.
type Policy uint8

// The policies. ByDefault is what the place that it is asked for says it is.
const (
	ByDefault  Policy = iota
	DeadLetter        // the record goes to the dead-letter topic, in the transaction of the others
	Skip              // it is left out and counted, skipped_total and skipped.<reason>
	Stop              // the app stops, with an error that names the record
)

// Retry says how often a record is tried that a node fails at, with an error or a panic, and what
// becomes of it then. Nothing remains of a try that failed: neither state nor output. Where it may
// have left any, the task goes back to its last commit and comes to the record again.
type Retry struct {
	Tries   int           // default 5; 1 is no second one
	Backoff time.Duration // before the second try, each further one is twice as long; default 50 ms
	Then    Policy        // default Stop
}

// Or fills in what is not set.
func (r Retry) Or(other Retry) Retry {
	if r.Tries == 0 {
		r.Tries = other.Tries
	}
	if r.Backoff == 0 {
		r.Backoff = other.Backoff
	}
	if r.Then == ByDefault {
		r.Then = other.Then
	}
	return r
}

// Wait is the time before the next try, after so many that failed: at most a minute.
func (r Retry) Wait(failed int) time.Duration {
	const longest = time.Minute
	wait := r.Backoff
	for range failed - 1 {
		if wait = 2 * wait; wait >= longest {
			return longest
		}
	}
	return wait
}

// OnUndecodable says what becomes of the records of a source that its codecs refuse; by default the
// app's policy. For the rows of a table it goes for the keys: a value it cannot read is a dead letter.
func OnUndecodable[K, V any](s Stream[K, V], p Policy) Stream[K, V] {
	n := s.node
	if len(n.stores) == 1 && n.stores[0].SourceTopic != "" {
		n = n.parents[0]
	}
	if n.source == nil {
		s.b.fault("node %q: reads no topic, so it has no policy for undecodable records; give it to the stream of topology.From", s.node.name)
		return s
	}
	n.source.Undecodable = p
	return s
}

// OnFailure says what becomes of records at which the node of a stream fails, or a node below it
// that says nothing itself, up to the next topic; what it leaves open is the app's.
func OnFailure[K, V any](s Stream[K, V], r Retry) Stream[K, V] {
	if r.Tries < 0 || r.Backoff < 0 {
		s.b.fault("node %q: %d tries with a backoff of %s: neither may be negative", s.node.name, r.Tries, r.Backoff)
	}
	s.node.retry = &r
	return s
}

// Fails says whether a node of the sub-topology has a policy of its own for records that it fails at.
func (s *Sub) Fails() bool {
	for _, n := range s.nodes {
		if n.retry != nil {
			return true
		}
	}
	return false
}
