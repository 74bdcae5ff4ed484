package topology

import "strings"

// Trace follows the records of one task through its nodes: where one failed, whether the step may have
// left anything behind, and, of a sample, how long each node took. Without one nodes call each other directly.
type Trace struct {
	// Timed, if set, is told the time of each node that a sampled record came through, without the nodes
	// below it, in ns of Clock.
	Timed func(node string, ns int64)
	Clock func() int64

	path    []*visit // the way to the node at work, or to the one that failed
	touched bool
	steps   int64
	sampled bool
	visits  map[*node]*visit
	begins  *visit // the node whose Init is running
}

// sampleEvery is how many records there are to one that is timed. It is odd, so that no pattern of the input keeps step with it.
const sampleEvery = 1023

// visit is a node on the way of a record.
type visit struct {
	node   *node
	keeps  bool  // it has state, outputs or a part in the commit
	since  int64 // of a sampled record, when the node began
	others int64 // and how much of the time since is of the nodes below
}

// Begin starts the trace of a record.
func (t *Trace) Begin() {
	t.path, t.touched = t.path[:0], false
	if t.Timed != nil {
		t.steps++
		t.sampled = t.steps%sampleEvery == 0
	}
}

// Path names the nodes from the first one below the source to the one that failed: "big > count".
func (t *Trace) Path() string {
	names := make([]string, len(t.path))
	for i, v := range t.path {
		names[i] = v.node.name
	}
	return strings.Join(names, " > ")
}

// Touched says whether the record came to a node that may have kept anything of it.
func (t *Trace) Touched() bool { return t.touched }

// Keep says that the node at work, or the one whose Init runs, has more than what goes through it: a
// table, a timer, a hold or a part in the flush.
func (t *Trace) Keep() {
	t.touched = true
	if t.begins != nil {
		t.begins.keeps = true
	}
}

// Retry is the policy of the node that failed: its own, or that of the nearest node above it.
func (t *Trace) Retry() (r Retry) {
	for i := len(t.path) - 1; i >= 0; i-- {
		if own := t.path[i].node.retry; own != nil {
			r = r.Or(*own)
		}
	}
	return r
}

// of is the visit of a node, one for all ways that lead to it.
func (t *Trace) of(n *node) *visit {
	n = n.whole()
	v := t.visits[n]
	if v == nil {
		v = &visit{node: n, keeps: n.sink != nil || len(n.stores)+len(n.sinks) > 0}
		if t.visits == nil {
			t.visits = map[*node]*visit{}
		}
		t.visits[n] = v
	}
	return v
}

func (t *Trace) enter(v *visit) {
	t.path = append(t.path, v)
	t.touched = t.touched || v.keeps
	if t.sampled {
		v.since, v.others = t.Clock(), 0
	}
}

// leave ends a visit that succeeded. One that failed stays on the path, and those below it.
func (t *Trace) leave(depth int) {
	v := t.path[depth]
	t.path = t.path[:depth]
	if t.sampled {
		took := t.Clock() - v.since
		t.Timed(v.node.name, took-v.others)
		if depth > 0 {
			t.path[depth-1].others += took
		}
	}
}

// through puts the trace, if there is one, around the receiver of a node.
func through[K, V any](t *Trace, n *node, f Forward[K, V]) Forward[K, V] {
	if t == nil {
		return f
	}
	v := t.of(n)
	return func(rec *Record[K, V]) error {
		depth := len(t.path)
		t.enter(v)
		if err := f(rec); err != nil {
			return err
		}
		t.leave(depth)
		return nil
	}
}
