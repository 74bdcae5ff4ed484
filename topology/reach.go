package topology

// Reach declares that the node of a stream waits for stream time up to this many ms beyond the
// event time of a record, as windows wait for their end and grace. When their input is quiet,
// tasks upstream of it let their watermarks follow the wall clock for as long.
func Reach[K, V any](s Stream[K, V], ms int64) Stream[K, V] {
	s.node.reach = ms
	return s
}

// spreadReach adds to the reach of each sub-topology that of those behind its repartition topics.
func (t *Topology) spreadReach() {
	own := map[*Sub]int64{}
	for _, s := range t.Subs {
		for _, n := range s.nodes {
			own[s] += n.reach // nodes may lie below each other
		}
		s.Reach = own[s]
	}
	for range t.Subs { // as often as the longest path is long; a circle ends it too
		for _, s := range t.Subs {
			for _, below := range t.below(s) {
				s.Reach = max(s.Reach, own[s]+below.Reach)
			}
		}
	}
}

// below gives the sub-topologies that receive the watermarks of one.
func (t *Topology) below(s *Sub) (all []*Sub) {
	for _, sink := range s.Sinks {
		for _, other := range t.Subs {
			for _, src := range other.Sources {
				if sink.Watermarks && src.Topic == sink.Topic {
					all = append(all, other)
				}
			}
		}
	}
	return all
}
