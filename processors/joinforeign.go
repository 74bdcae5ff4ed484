package processors

import (
	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Foreign is how a table refers to another: Key gives the key there, false where it refers to none,
// and Result is the codec of what the join makes, which travels between tasks.
type Foreign[K, L, FK, VO any] struct {
	Key    func(k K, l L) (FK, bool)
	Result codecs.Codec[VO]
}

// JoinForeign joins two tables where rows on the left refer to rows on the right, many to one: there
// is a result for each key on the left whose row refers to one that is there. The sides are streams
// of updates, as of JoinTables; an update on the right changes the results of all that refer to it.
// A result has the greater of both times and the headers of the update; a tombstone comes where
// there is none any more. While a row is on its way to another key, its last result stands.
//
// Rows on the left go, by their foreign keys, through <app>-<name>-subscription-repartition to the
// task of the right row, results come back through <app>-<name>-response-repartition. Both topics
// must have as many partitions as those of the sides.
func JoinForeign[K, L, FK, R, VO any](left topology.Stream[K, L], right topology.Stream[FK, R], name string, by Foreign[K, L, FK, VO], join func(k K, l L, r R) VO) topology.Stream[K, VO] {
	needFunc(left, name, join != nil)
	return joinForeign(left, right, name, by, inner, func(k K, l L, r *R) VO { return join(k, l, *r) })
}

// LeftJoinForeign is JoinForeign with a result for each key on the left; r is nil where it refers to
// none that is there.
func LeftJoinForeign[K, L, FK, R, VO any](left topology.Stream[K, L], right topology.Stream[FK, R], name string, by Foreign[K, L, FK, VO], join func(k K, l L, r *R) VO) topology.Stream[K, VO] {
	return joinForeign(left, right, name, by, leftOuter, join)
}

func joinForeign[K, L, FK, R, VO any](left topology.Stream[K, L], right topology.Stream[FK, R], name string, by Foreign[K, L, FK, VO], kind kind, join func(k K, l L, r *R) VO) topology.Stream[K, VO] {
	needFunc(left, name, by.Key != nil && join != nil)
	needCodec(left, name, "result", by.Result != nil)
	left, right = joinSide(left, name, "left"), joinSide(right, name, "right")
	b := topology.BuilderOf(left)
	key, value := topology.Codecs(left)
	foreign, _ := topology.Codecs(right)
	subscribe, subscriptions := topology.Channel(b, name+"-subscription", foreign, codecs.Bytes)
	respond, responses := topology.Detour(b, name+"-response", key, codecs.Bytes, frameOf[K])

	there := topology.Needs{Stores: []topology.Store{{Name: name + "-foreign", Layout: topology.LayoutOf("rows and what refers to them, by foreign key", foreign, nil)}}, Sinks: []*topology.SinkNode{respond.Node()}}
	topology.Join(subscriptions, right, name+"-foreign", there, func(topology.Forward[K, VO]) topology.Sides[FK, []byte, R] {
		p := &referred[K, L, FK, R, VO]{aside: newAside(right, name+"-foreign"), kind: kind, join: join, sink: respond.Node(), keys: key, lefts: value, results: by.Result}
		return topology.Sides[FK, []byte, R]{Init: p.Init, Left: p.takeSubscription, Right: p.takeRow}
	})
	here := topology.Needs{Stores: []topology.Store{{Name: name, Layout: topology.LayoutOf("foreign keys by key", key, foreign)}}, Sinks: []*topology.SinkNode{subscribe.Node()}}
	joined := topology.Join(left, responses, name, here, func(out topology.Forward[K, VO]) topology.Sides[K, L, []byte] {
		p := &referring[K, L, FK, VO]{aside: newAside(left, name), by: by, foreign: foreign, sink: subscribe.Node(), out: out}
		if kind == leftOuter {
			p.alone = func(k K, l L) VO { return join(k, l, nil) }
		}
		return topology.Sides[K, L, []byte]{Init: p.Init, Left: p.takeLeft, Right: p.takeResponse}
	})
	return topology.KeepKeys(topology.WithCodecs(joined, key, by.Result))
}

// frameOf is the event time that the record of an internal topic carries.
func frameOf[K any](_ *topology.Record[K, []byte], src *topology.Source) (int64, bool) {
	return src.Time, true
}
