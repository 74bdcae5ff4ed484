package topology

import (
	"fmt"
	"strings"
)

// DOT draws the topology in Graphviz' language: a cluster for each sub-topology, topics as boxes, stores as cylinders.
func (t *Topology) DOT() string {
	d := drawing{head: fmt.Sprintf("digraph %q {\n  rankdir=LR\n  node [shape=ellipse]\n", t.App), tail: "}\n"}
	d.open = func(s *Sub) string { return fmt.Sprintf("  subgraph cluster_%d {\n    label=%q\n", s.ID, s.title()) }
	d.close = "  }\n"
	d.shapes = map[shape]string{
		step: "%s [label=%q]\n", topic: "%s [label=%q, shape=box]\n", store: "%s [label=%q, shape=cylinder]\n",
	}
	d.arrows = map[bool]string{true: "  %s -> %s\n", false: "  %s -> %s [style=dashed, dir=none]\n"}
	return d.draw(t)
}

// Mermaid draws the topology as a flowchart of Mermaid, as DOT does for Graphviz; more topologies are drawn into the same
// one, and topics that they share once.
func (t *Topology) Mermaid(more ...*Topology) string {
	d := drawing{head: "flowchart LR\n"}
	opened := 0
	d.open = func(s *Sub) string {
		opened++
		title := s.title()
		if len(more) > 0 {
			title = d.app + " " + title
		}
		return fmt.Sprintf("  subgraph sub%d[%q]\n", opened-1, title)
	}
	d.close = "  end\n"
	d.shapes = map[shape]string{step: "%s(%q)\n", topic: "%s[%q]\n", store: "%s[(%q)]\n"}
	d.arrows = map[bool]string{true: "  %s --> %s\n", false: "  %s -.- %s\n"}
	return d.draw(append([]*Topology{t}, more...)...)
}

func (s *Sub) title() string { return fmt.Sprintf("%d: %s", s.ID, s.Name) }

// shape is the kind of a thing that is drawn.
type shape int

const (
	step shape = iota
	topic
	store
)

// drawing is a language to draw in. Names have no character that either language would want escaped.
type drawing struct {
	head, close, tail string
	open              func(s *Sub) string
	shapes            map[shape]string // of an id and a label
	arrows            map[bool]string  // from and to; true: records flow, false: a store or global table is used

	outside, inside, joins strings.Builder
	ids                    map[string]string
	app                    string // whose steps and stores are drawn; topics are everybody's
}

func (d *drawing) draw(all ...*Topology) string {
	d.ids = map[string]string{}
	for _, t := range all {
		d.app = t.App
		for _, s := range t.Subs {
			d.inside.WriteString(d.open(s))
			for _, n := range s.nodes {
				d.node(n)
			}
			d.inside.WriteString(d.close)
		}
	}
	return d.head + d.outside.String() + d.inside.String() + d.joins.String() + d.tail
}

// node draws a step with its stores inside the sub-topology, topics outside: two of them may share one.
func (d *drawing) node(n *node) {
	switch n.kind {
	case sourceKind, sinkKind:
		d.end(n)
	default:
		id := d.id(&d.inside, "    ", step, n.name)
		for _, s := range n.stores {
			d.join(id, d.id(&d.inside, "    ", store, s.Name), false)
		}
		for _, sink := range n.sinks {
			d.join(id, d.topic(sink.Topic), true)
		}
		for _, g := range n.globals {
			d.join(d.topic(g), id, false)
		}
	}
	for _, child := range n.children {
		d.join(d.end(n), d.end(child), true)
	}
}

// end is what an arrow to or from a node touches: the topic of a source or sink.
func (d *drawing) end(n *node) string {
	switch n.kind {
	case sourceKind:
		return d.topic(n.source.Topic)
	case sinkKind:
		return d.topic(n.sink.Topic)
	}
	return d.id(&d.inside, "    ", step, n.name)
}

func (d *drawing) topic(name string) string { return d.id(&d.outside, "  ", topic, name) }

// id gives a thing its id, and draws it the first time.
func (d *drawing) id(to *strings.Builder, indent string, s shape, name string) string {
	key := fmt.Sprint(s, name)
	if s != topic {
		key += " of " + d.app
	}
	if d.ids[key] == "" {
		d.ids[key] = fmt.Sprintf("n%d", len(d.ids))
		fmt.Fprintf(to, indent+d.shapes[s], d.ids[key], name)
	}
	return d.ids[key]
}

func (d *drawing) join(from, to string, flows bool) { fmt.Fprintf(&d.joins, d.arrows[flows], from, to) }
