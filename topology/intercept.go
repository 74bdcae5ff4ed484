package topology

import (
	"maps"
	"slices"
)

// Interceptor is called in the place of a node for each record that comes to it; next has the node
// process the record, and those below it what it forwards. It may call next once or not at all, and
// its error is one of the node. It runs again when a task comes to a record again.
type Interceptor func(ctx Context, next func() error) error

// Intercept puts a function around a processor or sink, by its name. Of several the last is the
// outermost. Nodes without one are called as if there were none.
func (b *Builder) Intercept(node string, with Interceptor) {
	if with == nil {
		b.fault("interceptor of %q: it is nil; leave it out", node)
		return
	}
	if b.intercepts == nil {
		b.intercepts = map[string][]Interceptor{}
	}
	b.intercepts[node] = append(b.intercepts[node], with)
}

// placeIntercepts gives the nodes their interceptors.
func (b *Builder) placeIntercepts() {
	found := map[string]bool{}
	for _, n := range b.nodes {
		if n.kind != sourceKind {
			name := n.whole().name
			n.around, found[name] = b.intercepts[name], true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.intercepts)) {
		if !found[name] {
			b.fault("interceptor of %q: no processor or sink has the name; Describe prints the names", name)
		}
	}
}

// intercepted puts the interceptors of a node around its receiver. What they call is made once, so
// that a record costs no allocation.
func intercepted[K, V any](ctx Context, n *node, f Forward[K, V]) Forward[K, V] {
	for _, with := range n.around {
		inner := f
		var at *Record[K, V]
		next := func() error { return inner(at) }
		f = func(rec *Record[K, V]) error {
			at = rec
			return with(ctx, next)
		}
	}
	return f
}
