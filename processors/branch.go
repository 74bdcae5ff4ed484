package processors

import "github.com/abacus-stream/abacus/topology"

// Case is one branch: its name, and which records it takes of those that no case before it took.
// A nil If takes all of them; it is the last case.
type Case[K, V any] struct {
	Name string
	If   func(k K, v V) bool
}

// Branch splits a stream: each record goes to the first case that takes it, one that none takes
// ends here. The branches come by the names of the cases, their nodes are called NAME-CASE. Codecs
// and keys stay. A tombstone goes to every branch. A name that is of no case gives the zero
// Stream, which every operator refuses.
func Branch[K, V any](in topology.Stream[K, V], name string, cases ...Case[K, V]) map[string]topology.Stream[K, V] {
	if len(cases) == 0 {
		topology.BuilderOf(in).Fault("node %q: a Branch without cases; give it at least one", name)
	}
	dealt := topology.KeepKeys(topology.Process(in, name, topology.Needs{}, deal(cases)))
	key, value := topology.Codecs(in)
	branches := map[string]topology.Stream[K, V]{}
	for i, c := range cases {
		if c.If == nil && i < len(cases)-1 {
			topology.BuilderOf(in).Fault("node %q: case %q takes all records, so those after it get none; make it the last", name, c.Name)
		}
		if _, taken := branches[c.Name]; taken {
			topology.BuilderOf(in).Fault("node %q: two cases are called %q; every case has its own name", name, c.Name)
			continue
		}
		branches[c.Name] = topology.KeepKeys(topology.WithCodecs(pick(dealt, name+"-"+c.Name, i), key, value))
	}
	return branches
}

// everyCase is the case of a record that goes to all of them.
const everyCase = -1

// taken is a record with the number of its case.
type taken[K, V any] struct {
	rec *topology.Record[K, V]
	by  int
}

// deal finds the case of each record, so that a predicate is asked once.
func deal[K, V any](cases []Case[K, V]) func(out topology.Forward[K, taken[K, V]]) topology.Processor[K, V] {
	return func(out topology.Forward[K, taken[K, V]]) topology.Processor[K, V] {
		var next topology.Record[K, taken[K, V]]
		send := func(rec *topology.Record[K, V], by int) error {
			next.Value.rec, next.Value.by = rec, by
			return out(&next)
		}
		return step[K, V](func(rec *topology.Record[K, V]) error {
			if rec.Tombstone {
				return send(rec, everyCase)
			}
			for i, c := range cases {
				if c.If == nil || c.If(rec.Key, rec.Value) {
					return send(rec, i)
				}
			}
			return nil
		})
	}
}

// pick forwards the records of one case.
func pick[K, V any](in topology.Stream[K, taken[K, V]], name string, by int) topology.Stream[K, V] {
	return topology.Process(in, name, topology.Needs{}, func(out topology.Forward[K, V]) topology.Processor[K, taken[K, V]] {
		return step[K, taken[K, V]](func(rec *topology.Record[K, taken[K, V]]) error {
			if rec.Value.by != by && rec.Value.by != everyCase {
				return nil
			}
			return out(rec.Value.rec)
		})
	})
}
