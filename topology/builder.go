package topology

import (
	"errors"
	"fmt"
)

// Builder collects the nodes of a topology. Its zero value is ready; faults are
// kept and reported all at once by Build.
type Builder struct {
	nodes      []*node
	faults     []error
	intercepts map[string][]Interceptor // by node
}

type kind uint8

const (
	sourceKind kind = iota
	processorKind
	sinkKind
)

// node is one step of the logical graph; receive makes its physical half for one task.
type node struct {
	name     string
	kind     kind
	parents  []*node
	children []*node
	source   *SourceNode
	sink     *SinkNode
	stores   []Store
	sinks    []*SinkNode
	globals  []string
	keeps    bool  // forwards each record with the key it came with
	reach    int64 // ms beyond a record's time that the node waits for stream time
	half     *node // the node of which it is the second input
	retry    *Retry
	around   []Interceptor
	receive  func(inst *Instance) (any, error)
	input    func(inst *Instance) (Input, error)
}

// whole is the node as its user knows it: a second input is a part of it.
func (n *node) whole() *node {
	if n.half != nil {
		return n.half
	}
	return n
}

func (b *Builder) add(name string, k kind) *node {
	n := &node{name: name, kind: k}
	switch {
	case k == processorKind && !goodName(name):
		b.fault("node %q: a name has 1 to 120 of a-z A-Z 0-9 . _ -", name)
	case k != processorKind && !goodTopic(name):
		b.fault("topic %q: a name has 1 to 249 of a-z A-Z 0-9 . _ -", name)
	}
	for _, other := range b.nodes {
		if other.name == name && other.kind == k {
			b.fault("node %q: the name is taken; %s", name, k.instead())
		}
	}
	b.nodes = append(b.nodes, n)
	return n
}

// instead is what to do rather than to give two nodes of a kind one name.
func (k kind) instead() string {
	switch k {
	case sourceKind:
		return "a topic is read once: use the stream of the first source for both"
	case sinkKind:
		return "a topic is written at one place: bring the streams together by topology.Merge first"
	}
	return "every node, store and topic has its own"
}

func (b *Builder) link(parent, child *node) {
	parent.children = append(parent.children, child)
	child.parents = append(child.parents, parent)
}

func (b *Builder) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf("topology: "+format, args...))
}

// Build cuts the graph into sub-topologies and names the internal topics after the app.
// The error lists every fault of the graph. A builder may be built again, for the same app.
func (b *Builder) Build(app string) (*Topology, error) {
	defer func(n int) { b.faults = b.faults[:n] }(len(b.faults))
	if !goodName(app) {
		b.fault("app %q: a name has 1 to 120 of a-z A-Z 0-9 . _ -", app)
	}
	if len(b.nodes) == 0 {
		b.fault("app %q: no source; start with topology.From", app)
	}
	b.placeIntercepts()
	t := &Topology{App: app}
	for _, group := range components(b.nodes) {
		t.Subs = append(t.Subs, b.cut(app, len(t.Subs), group))
	}
	t.Globals = b.globalTopics()
	t.spreadReach()
	b.check(t)
	return t, errors.Join(b.faults...)
}

func (b *Builder) globalTopics() []string {
	var topics []string
	seen := map[string]bool{}
	for _, n := range b.nodes {
		for _, g := range n.globals {
			if !seen[g] {
				seen[g] = true
				topics = append(topics, g)
			}
		}
	}
	return topics
}

// components groups nodes that are joined by links, in order of declaration.
func components(nodes []*node) [][]*node {
	group := map[*node]int{}
	var visit func(n *node, g int)
	visit = func(n *node, g int) {
		if _, done := group[n]; done {
			return
		}
		group[n] = g
		for _, other := range append(append([]*node{}, n.parents...), n.children...) {
			visit(other, g)
		}
	}
	var out [][]*node
	for _, n := range nodes {
		if _, done := group[n]; !done {
			visit(n, len(out))
			out = append(out, nil)
		}
		g := group[n]
		out[g] = append(out[g], n)
	}
	return out
}

func childTypeError(parent, child *node, got any) error {
	return fmt.Errorf("topology: node %q feeds %q with another type than it takes (%T)", parent.name, child.name, got)
}
