package topology

import "fmt"

// Instance is the physical graph of one task: receivers resolved to their types.
type Instance struct {
	Inputs []Input // by source index

	ctx       Context
	trace     *Trace // nil: nobody follows the records
	receivers map[*node]any
	inits     []lifecycle
}

// Instantiate builds the graph for one task and initialises its processors, sources' side last. A
// trace, if there is one, follows the task's records.
func (s *Sub) Instantiate(ctx Context, trace *Trace) (*Instance, error) {
	inst := &Instance{ctx: ctx, trace: trace, receivers: map[*node]any{}, Inputs: make([]Input, len(s.Sources))}
	for _, n := range s.nodes {
		if n.source == nil {
			continue
		}
		in, err := n.input(inst)
		if err != nil {
			return nil, err
		}
		inst.Inputs[n.source.index] = in
	}
	for _, p := range inst.inits {
		if trace != nil {
			trace.begins = trace.of(p.node)
		}
		if err := p.begin(ctx); err != nil {
			return nil, fmt.Errorf("task %s: init of %q: %w", ctx.Task(), p.node.name, err)
		}
	}
	if trace != nil {
		trace.begins = nil
	}
	return inst, nil
}

// receiver makes the physical half of a node once.
func (inst *Instance) receiver(n *node) (any, error) {
	if r, ok := inst.receivers[n]; ok {
		return r, nil
	}
	r, err := n.receive(inst)
	if err != nil {
		return nil, err
	}
	inst.receivers[n] = r
	return r, nil
}
