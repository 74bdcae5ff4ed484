package topology

import (
	"fmt"
	"strings"
)

// Describe prints the topology as stable text: sub-topologies, their sources, nodes, stores and sinks.
func (t *Topology) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "App: %s\n", t.App)
	for _, s := range t.Subs {
		fmt.Fprintf(&b, "  Sub-topology: %d (%s)\n", s.ID, s.Name)
		for _, n := range s.nodes {
			describeNode(&b, s, n)
		}
	}
	for _, g := range t.Globals {
		fmt.Fprintf(&b, "  Global table: %s\n", g)
	}
	return b.String()
}

func describeNode(b *strings.Builder, s *Sub, n *node) {
	switch n.kind {
	case sourceKind:
		fmt.Fprintf(b, "    Source: %s\n", n.source.Topic)
	case sinkKind:
		fmt.Fprintf(b, "    Sink: %s\n", n.sink.Topic)
	default:
		fmt.Fprintf(b, "    Processor: %s%s\n", n.name, describeStores(s, n.stores))
		for _, sink := range n.sinks {
			fmt.Fprintf(b, "      => topic %s\n", sink.Topic)
		}
	}
	for _, child := range n.children {
		fmt.Fprintf(b, "      --> %s\n", child.name)
	}
}

func describeStores(s *Sub, stores []Store) string {
	if len(stores) == 0 {
		return ""
	}
	names := make([]string, len(stores))
	for i, st := range stores {
		names[i] = fmt.Sprintf("%s (changelog %s)", st.Name, s.Changelog(st))
	}
	return " (stores: " + strings.Join(names, ", ") + ")"
}
