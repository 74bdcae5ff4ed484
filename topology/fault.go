package topology

// Fault adds an error to those that Build reports, for operators that find a fault of their own.
// The text names the node.
func (b *Builder) Fault(format string, args ...any) { b.fault(format, args...) }

// check finds the faults of the graph as a whole: stores and sinks that two nodes would share.
func (b *Builder) check(t *Topology) {
	stores, sinks := map[string]string{}, map[*SinkNode]*Sub{}
	for _, s := range t.Subs {
		for _, n := range s.nodes {
			for _, store := range n.stores {
				b.checkStore(stores, store.Name, n.name)
			}
		}
		b.checkStore(stores, s.TaskStore(), s.nodes[0].name)
		for _, topic := range s.internal() {
			if len(topic) > longestTopic {
				b.fault("app %q: %s is too long for a topic of Kafka, which has %d characters at most; shorten the name of the app or of the node", t.App, topic, longestTopic)
			}
		}
		for _, sink := range s.Sinks {
			if other := sinks[sink]; other != nil {
				b.fault("sink %q: used by sub-topologies %q and %q; declare one for each", sink.Topic, other.Name, s.Name)
			}
			sinks[sink] = s
		}
	}
}

// checkStore takes the name of a store; owners holds the node of each name.
func (b *Builder) checkStore(owners map[string]string, store, node string) {
	if !nameRule.MatchString(store) {
		b.fault("node %q: store %q: a name has 1 to 120 of a-z A-Z 0-9 . _ -", node, store)
	}
	if other, taken := owners[store]; taken && other != node {
		b.fault("node %q: store %q is the name of a store of node %q; every store has its own", node, store, other)
	}
	owners[store] = node
}

// longestTopic is the most that Kafka takes as the name of a topic.
const longestTopic = 249

// internal are the topics that the app makes for a sub-topology.
func (s *Sub) internal() (topics []string) {
	for _, store := range s.Stores {
		if store.SourceTopic == "" {
			topics = append(topics, s.Changelog(store))
		}
	}
	for _, sink := range s.Sinks {
		if sink.Repartition {
			topics = append(topics, sink.Topic)
		}
	}
	return topics
}
