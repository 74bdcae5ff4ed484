package processors

import (
	"github.com/abacus-stream/abacus/topology"
)

// JoinTables joins two tables by key: there is a result for each key that both have. The sides are
// the streams of their updates: those of a table, of an aggregate, of another join. The newest
// value of each side is kept in the store of the join's name. Each update that changes a side
// forwards the result it makes, at once, with the greater of both times and the headers of the
// update, or a tombstone where there is no result any more. The value has no codec.
//
// A side whose keys have changed goes through <app>-<name>-left-repartition or -right-repartition.
func JoinTables[K, L, R, VO any](left topology.Stream[K, L], right topology.Stream[K, R], name string, join func(k K, l L, r R) VO) topology.Stream[K, VO] {
	needFunc(left, name, join != nil)
	return joinTables(left, right, name, inner, func(k K, l *L, r *R) VO { return join(k, *l, *r) })
}

// LeftJoinTables is JoinTables with a result for each key that the left table has; r is nil where
// the right one does not have it.
func LeftJoinTables[K, L, R, VO any](left topology.Stream[K, L], right topology.Stream[K, R], name string, join func(k K, l L, r *R) VO) topology.Stream[K, VO] {
	needFunc(left, name, join != nil)
	return joinTables(left, right, name, leftOuter, func(k K, l *L, r *R) VO { return join(k, *l, r) })
}

// OuterJoinTables is JoinTables with a result for each key that either table has; l or r is nil
// where the other does not have it. Both are valid during the call.
func OuterJoinTables[K, L, R, VO any](left topology.Stream[K, L], right topology.Stream[K, R], name string, join func(k K, l *L, r *R) VO) topology.Stream[K, VO] {
	return joinTables(left, right, name, fullOuter, join)
}

// kind says which sides a result needs.
type kind uint8

const (
	inner     kind = iota // both
	leftOuter             // the left one
	fullOuter             // any
)

// has says whether there is a result of the sides that there are.
func (k kind) has(left, right bool) bool {
	switch k {
	case inner:
		return left && right
	case leftOuter:
		return left
	}
	return left || right
}

func joinTables[K, L, R, VO any](left topology.Stream[K, L], right topology.Stream[K, R], name string, kind kind, join func(k K, l *L, r *R) VO) topology.Stream[K, VO] {
	needFunc(left, name, join != nil)
	left, right = joinSide(left, name, "left"), joinSide(right, name, "right")
	needs := topology.Needs{Stores: []topology.Store{{Name: name, Layout: twoSided("rows of two tables by key", left, right)}}}
	joined := topology.Join(left, right, name, needs, func(out topology.Forward[K, VO]) topology.Sides[K, L, R] {
		p := &tablesJoin[K, L, R, VO]{kind: kind, join: join, out: out}
		p.left.aside, p.right.aside = newAside(left, name), newAside(right, name)
		return topology.Sides[K, L, R]{Init: p.Init, Left: p.takeLeft, Right: p.takeRight}
	})
	key, _ := topology.Codecs(left)
	return topology.KeepKeys(topology.WithCodecs(joined, key, nil))
}

// twoSided is the layout of rows with the values of two sides.
func twoSided[K, L, R any](rows string, left topology.Stream[K, L], right topology.Stream[K, R]) topology.Layout {
	key, l := topology.Codecs(left)
	_, r := topology.Codecs(right)
	layout, other := topology.LayoutOf(rows, key, l), topology.LayoutOf(rows, key, r).Value
	if layout.Value == "" || other == "" {
		layout.Value = ""
	} else if layout.Value != other {
		layout.Value += " and " + other
	}
	return layout
}

// joinSide is one input of a join that keeps both, with the codecs it needs and its keys together.
func joinSide[K, V any](in topology.Stream[K, V], name, side string) topology.Stream[K, V] {
	key, value := topology.Codecs(in)
	ok := needCodec(in, name, "key on the "+side, key != nil)
	if ok = needCodec(in, name, "value on the "+side, value != nil) && ok; !ok {
		return in
	}
	return GroupByKey(in, name+"-"+side)
}

// tablesJoin is a node that keeps the newest value of each side by key.
type tablesJoin[K, L, R, VO any] struct {
	kind  kind
	join  func(k K, l *L, r *R) VO
	out   topology.Forward[K, VO]
	pairs pairs
	left  side[K, L]
	right side[K, R]
	next  topology.Record[K, VO]
}

func (p *tablesJoin[K, L, R, VO]) Init(ctx topology.Context) error {
	p.pairs.table = ctx.Table(p.left.name)
	if err := p.left.Init(ctx); err != nil {
		return err
	}
	return p.right.Init(ctx)
}

func (p *tablesJoin[K, L, R, VO]) takeLeft(rec *topology.Record[K, L]) error {
	if err := p.left.take(&p.pairs, &p.pairs.left, rec); err != nil || !p.pairs.changed {
		return err
	}
	return p.forward(rec.Key, rec.Time, rec.Headers)
}

func (p *tablesJoin[K, L, R, VO]) takeRight(rec *topology.Record[K, R]) error {
	if err := p.right.take(&p.pairs, &p.pairs.right, rec); err != nil || !p.pairs.changed {
		return err
	}
	return p.forward(rec.Key, rec.Time, rec.Headers)
}

// forward sends the result of a key that has changed, or a tombstone if it had one before.
func (p *tablesJoin[K, L, R, VO]) forward(key K, at int64, headers []topology.Header) error {
	had := p.kind.has(p.pairs.hadLeft, p.pairs.hadRight)
	has := p.kind.has(p.pairs.left.found, p.pairs.right.found)
	if !had && !has {
		return nil
	}
	p.next = topology.Record[K, VO]{Key: key, Time: at, Headers: headers, Tombstone: !has}
	if p.pairs.left.found {
		p.next.Time = max(p.next.Time, p.pairs.left.time)
	}
	if p.pairs.right.found {
		p.next.Time = max(p.next.Time, p.pairs.right.time)
	}
	if has {
		l, err := p.left.parse(&p.pairs, &p.pairs.left)
		if err != nil {
			return err
		}
		r, err := p.right.parse(&p.pairs, &p.pairs.right)
		if err != nil {
			return err
		}
		p.next.Value = p.join(key, l, r)
	}
	return p.out(&p.next)
}
