package topology

// Topology is a built graph: sub-topologies that are joined by topics only. It is immutable.
type Topology struct {
	App     string
	Subs    []*Sub
	Globals []string
}

// Sub is a sub-topology: the unit that a task runs on one partition.
type Sub struct {
	App     string
	ID      int
	Name    string // of its first stateful node, else its first node
	Sources []*SourceNode
	Stores  []Store // the last one is the task store: position, watermark vector
	Sinks   []*SinkNode
	Globals []string
	Reach   int64 // ms beyond an event time that nodes here or behind repartition topics wait for stream time

	nodes []*node
}

// TaskStore is the name of the store every sub-topology has for the engine's own rows.
func (s *Sub) TaskStore() string { return s.Name + "-task" }

// Changelog is the topic of a store's changes: for a table read from a topic that topic itself.
func (s *Sub) Changelog(store Store) string {
	if store.SourceTopic != "" {
		return store.SourceTopic
	}
	return s.App + "-" + store.Name + "-changelog"
}

// cut makes one sub-topology of a group of joined nodes.
func (b *Builder) cut(app string, id int, group []*node) *Sub {
	s := &Sub{App: app, ID: id, Name: ofTopic(group[0].name), nodes: group}
	for _, n := range group {
		if n.source != nil {
			n.source.resolve(app)
			n.source.index = len(s.Sources)
			s.Sources = append(s.Sources, n.source)
		}
		s.Stores = append(s.Stores, n.stores...)
		s.Globals = append(s.Globals, n.globals...)
		if n.sink != nil {
			s.addSink(app, n.sink)
		}
		for _, sink := range n.sinks {
			s.addSink(app, sink)
		}
	}
	if len(s.Stores) > 0 {
		s.Name = s.Stores[0].Name
	}
	s.Stores = append(s.Stores, Store{Name: s.TaskStore()})
	if len(s.Sources) == 0 {
		b.fault("node %q: no source leads to it", group[0].name)
	}
	return s
}

// addSink gives a sink its index; a sink belongs to one sub-topology.
func (s *Sub) addSink(app string, sink *SinkNode) {
	for _, known := range s.Sinks {
		if known == sink {
			return
		}
	}
	sink.resolve(app)
	sink.index = len(s.Sinks)
	s.Sinks = append(s.Sinks, sink)
}
