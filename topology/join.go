package topology

import "reflect"

// Sides is a processor with two inputs, as Processor is one with one: Init runs once, before both.
type Sides[K, L, R any] struct {
	Init  func(ctx Context) error
	Left  Forward[K, L]
	Right Forward[K, R]
}

// Join adds a processor below two streams, made anew for each task; the right stream enters by a
// node NAME-right. Records of one key must lie in one partition: a side whose keys have changed
// since its source, or two key codecs of different types, is a fault that Build reports. That the
// sources have equally many partitions is checked when the app starts.
func Join[K, L, R, KO, VO any](left Stream[K, L], right Stream[K, R], name string, needs Needs, create func(out Forward[KO, VO]) Sides[K, L, R]) Stream[KO, VO] {
	b := builderFor(left, name)
	n, entry := b.add(name, processorKind), b.add(name+"-right", processorKind)
	if right.b == nil {
		b.fault("node %q: its right side is the zero Stream%s", name, zeroStream)
		return Stream[KO, VO]{b: b, node: n}
	}
	if right.b != b {
		b.fault("node %q: its sides belong to two builders; join streams of one", name)
		return Stream[KO, VO]{b: b, node: n}
	}
	coPartitioned(left, right, name)
	b.need(n, needs, create != nil)
	entry.keeps, entry.half = true, n
	b.link(left.node, n)
	b.link(right.node, entry)
	b.link(entry, n)
	n.receive = func(inst *Instance) (any, error) {
		out, err := children[KO, VO](inst, n)
		if err != nil {
			return nil, err
		}
		sides := create(out)
		inst.inits = append(inst.inits, lifecycle{n, sides.Init})
		inst.receivers[entry] = sides.Right
		return sides.Left, nil
	}
	entry.receive = func(inst *Instance) (any, error) {
		_, err := inst.receiver(n)
		return inst.receivers[entry], err
	}
	return Stream[KO, VO]{b: b, node: n}
}

const changedKeys = "node %q: its sides are not co-partitioned: the keys of the %s one have changed since they were partitioned; send it through topology.Repartition"

// coPartitioned reports the sides of a join whose equal keys may lie in different partitions.
func coPartitioned[K, L, R any](left Stream[K, L], right Stream[K, R], name string) {
	if !Keyed(left) {
		left.b.fault(changedKeys, name, "left")
	}
	if !Keyed(right) {
		left.b.fault(changedKeys, name, "right")
	}
	l, r := reflect.TypeOf(left.key), reflect.TypeOf(right.key)
	if l != nil && r != nil && l != r {
		left.b.fault("node %q: its sides are not co-partitioned: the keys of the left one are encoded by %s, those of the right one by %s, so equal keys may lie in different partitions; give both the same codec", name, l, r)
	}
}
