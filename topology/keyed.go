package topology

// KeepKeys marks the node of a stream as one that forwards every record with the key it came
// with, so that grouping by key below it needs no repartition topic.
func KeepKeys[K, V any](s Stream[K, V]) Stream[K, V] {
	s.node.keeps = true
	return s
}

// Keyed says whether the records of a stream lie in the partition of their key: no node between
// it and its source or repartition topic may have changed one.
func Keyed[K, V any](s Stream[K, V]) bool { return BuilderOf(s) != nil && s.node.keyed() }

func (n *node) keyed() bool {
	if n.kind == sourceKind {
		return true
	}
	for _, parent := range n.parents {
		if !parent.keyed() {
			return false
		}
	}
	return n.keeps
}
