package topology

import "slices"

// Fault adds an error to those that Build reports, for operators that find a fault of their own.
// The text names the node.
func (b *Builder) Fault(format string, args ...any) { b.fault(format, args...) }

// check finds the faults of the graph as a whole: stores and sinks that two nodes would share.
func (b *Builder) check(t *Topology) {
	stores, sinks, own := map[string]string{}, map[*SinkNode]*Sub{}, t.own()
	for _, s := range t.Subs {
		for _, n := range s.nodes {
			b.checkStores(stores, n)
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
			b.checkSink(sink, own)
		}
	}
}

// checkSink looks at a sink by itself; own are the internal topics.
func (b *Builder) checkSink(sink *SinkNode, own map[string]string) {
	if sink.Topic == "" || sink.Partition == nil {
		b.fault("sink %q: has no topic or no partitioner; declare it by topology.NewSink", sink.Topic)
	}
	if what := own[sink.Topic]; what != "" && !sink.Repartition {
		b.fault("sink %q: the topic is that of %s of this app, which alone writes there", sink.Topic, what)
	}
}

// checkStores looks at the stores of a node.
func (b *Builder) checkStores(owners map[string]string, n *node) {
	for i, store := range n.stores {
		b.checkStore(owners, store.Name, n.name)
		if slices.ContainsFunc(n.stores[:i], func(other Store) bool { return other.Name == store.Name }) {
			b.fault("node %q: store %q is declared twice; every store has its own name", n.name, store.Name)
		}
		if store.Retention < 0 || store.History < 0 || store.Expiry < 0 {
			b.fault("node %q: store %q: its Retention, History and Expiry are %d, %d and %d ms: none may be negative", n.name, store.Name, store.Retention, store.History, store.Expiry)
		}
	}
}

// own says of the internal topics of the app what they are of.
func (t *Topology) own() map[string]string {
	own := map[string]string{}
	for _, s := range t.Subs {
		for _, store := range s.Stores {
			if store.SourceTopic == "" {
				own[s.Changelog(store)] = "the changelog of store " + store.Name
			}
		}
		for _, sink := range s.Sinks {
			if sink.Repartition {
				own[sink.Topic] = "a repartition"
			}
		}
	}
	return own
}

// checkStore takes the name of a store; owners holds the node of each name.
func (b *Builder) checkStore(owners map[string]string, store, node string) {
	if !goodName(store) {
		b.fault("node %q: store %q: a name has 1 to 120 of a-z A-Z 0-9 . _ -", node, store)
	}
	if other, taken := owners[store]; taken && other != node {
		b.fault("node %q: store %q is the name of a store of node %q; every store has its own", node, store, other)
	}
	owners[store] = node
}

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
