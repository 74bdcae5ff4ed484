package topology

import "fmt"

// Processor is one step of the graph, made anew for each task. Its state lives
// in the tables that the context gives: anything else is gone after a restart.
type Processor[K, V any] interface {
	// Init runs once, after the task's state is restored and before the first record.
	Init(ctx Context) error
	// Process handles one record. An error or a panic is dealt with as Retry says; the record
	// and all it aliases are valid during the call only.
	Process(rec *Record[K, V]) error
}

// Forward hands a record to the children of a node.
type Forward[K, V any] func(rec *Record[K, V]) error

// Needs lists what a processor uses besides its input and output.
type Needs struct {
	Stores  []Store
	Sinks   []*SinkNode
	Globals []string // topics of global tables, read whole by every task
}

// Process adds a processor of the user's own below a stream. The returned stream carries what
// the processor forwards; its codecs are cleared and set by WithCodecs where a sink needs them.
func Process[K, V, KO, VO any](in Stream[K, V], name string, needs Needs, create func(out Forward[KO, VO]) Processor[K, V]) Stream[KO, VO] {
	n := builderFor(in, name).add(name, processorKind)
	in.b.need(n, needs, create != nil)
	in.b.link(in.node, n)
	n.receive = func(inst *Instance) (any, error) {
		out, err := children[KO, VO](inst, n)
		if err != nil {
			return nil, err
		}
		p := create(out)
		inst.inits = append(inst.inits, lifecycle{n, p.Init})
		return Forward[K, V](p.Process), nil
	}
	return Stream[KO, VO]{b: in.b, node: n}
}

// need gives a node what it needs, unless that is not there.
func (b *Builder) need(n *node, needs Needs, created bool) {
	n.stores, n.globals = needs.Stores, needs.Globals
	for _, sink := range needs.Sinks {
		if sink == nil {
			b.fault("node %q: a sink of its Needs is nil; declare it by topology.NewSink", n.name)
			continue
		}
		n.sinks = append(n.sinks, sink)
	}
	if !created {
		b.fault("node %q: nothing creates its processor: the function is nil", n.name)
	}
}

// lifecycle is a processor waiting for its Init.
type lifecycle struct {
	node *node
	init func(Context) error
}

// begin runs Init. A panic goes on with the node's name.
func (p lifecycle) begin(ctx Context) error {
	defer func() {
		if value := recover(); value != nil {
			panic(fmt.Sprintf("init of %q: %v", p.node.name, value))
		}
	}()
	return p.init(ctx)
}

// children resolves the receivers below a node to their types, once per task.
func children[K, V any](inst *Instance, n *node) (Forward[K, V], error) {
	var all []Forward[K, V]
	for _, child := range n.children {
		r, err := inst.receiver(child)
		if err != nil {
			return nil, err
		}
		f, ok := r.(Forward[K, V])
		if !ok {
			return nil, childTypeError(n, child, r)
		}
		all = append(all, through(inst.trace, child, intercepted(inst.ctx, child, f)))
	}
	return fanOut(all), nil
}

// fanOut joins receivers; one child costs one call, none costs nothing.
func fanOut[K, V any](all []Forward[K, V]) Forward[K, V] {
	switch len(all) {
	case 0:
		return func(*Record[K, V]) error { return nil }
	case 1:
		return all[0]
	}
	return func(rec *Record[K, V]) error {
		for _, f := range all {
			if err := f(rec); err != nil {
				return err
			}
		}
		return nil
	}
}
