package processors

import (
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/topology"
)

// JoinWindow says which records of two streams belong together: the right one's event time lies in
// [left - Before, left + After], both bounds included. The window of a record, left or right, closes
// when stream time passes its last partner's time plus Grace: until then partners may come in any
// order, then the record is gone. All are whole milliseconds, at least 0.
type JoinWindow struct {
	Before, After time.Duration
	Grace         time.Duration
}

// JoinStreams joins each record of a stream with each of the other that has its key and lies in its
// window, once, when the second of them comes. The result has the greater of both times, the headers
// of the second and no codec for its value. Both are kept in the store of the join's name until their
// windows close; one that comes later goes to the late topic. Tombstones join nothing.
//
// A side whose keys have changed goes through <app>-<name>-left-repartition or -right-repartition.
func JoinStreams[K, L, R, VO any](left topology.Stream[K, L], right topology.Stream[K, R], within JoinWindow, name string, join func(k K, l L, r R) VO) topology.Stream[K, VO] {
	needFunc(left, name, join != nil)
	return joinStreams(left, right, within, name, inner, func(k K, l *L, r *R) VO { return join(k, *l, *r) })
}

// LeftJoinStreams is JoinStreams with a result also for each record on the left that found no
// partner, r being nil: one, when its window closes, with its time and without headers.
func LeftJoinStreams[K, L, R, VO any](left topology.Stream[K, L], right topology.Stream[K, R], within JoinWindow, name string, join func(k K, l L, r *R) VO) topology.Stream[K, VO] {
	needFunc(left, name, join != nil)
	return joinStreams(left, right, within, name, leftOuter, func(k K, l *L, r *R) VO { return join(k, *l, r) })
}

// OuterJoinStreams is LeftJoinStreams for both sides: l or r is nil where a record of the other
// found no partner. Both are valid during the call.
func OuterJoinStreams[K, L, R, VO any](left topology.Stream[K, L], right topology.Stream[K, R], within JoinWindow, name string, join func(k K, l *L, r *R) VO) topology.Stream[K, VO] {
	return joinStreams(left, right, within, name, fullOuter, join)
}

func joinStreams[K, L, R, VO any](left topology.Stream[K, L], right topology.Stream[K, R], within JoinWindow, name string, kind kind, join func(k K, l *L, r *R) VO) topology.Stream[K, VO] {
	needFunc(left, name, join != nil)
	within.check(topology.BuilderOf(left), name)
	left, right = joinSide(left, name, "left"), joinSide(right, name, "right")
	before, after, grace := within.Before.Milliseconds(), within.After.Milliseconds(), within.Grace.Milliseconds()
	needs := topology.Needs{Stores: []topology.Store{{Name: name, Layout: joinLayout(within, kind, left, right)}}}
	joined := topology.Join(left, right, name, needs, func(out topology.Forward[K, VO]) topology.Sides[K, L, R] {
		p := &streamsJoin[K, L, R, VO]{join: join, out: out, buffer: buffer{width: max(before+after, 1)}}
		p.left = lane[K, L]{aside: newAside(left, name), span: span{side: leftSide, behind: before, ahead: after, grace: grace, tracked: kind != inner}}
		p.right = lane[K, R]{aside: newAside(right, name), span: span{side: rightSide, behind: after, ahead: before, grace: grace, tracked: kind == fullOuter}}
		return topology.Sides[K, L, R]{Init: p.Init, Left: p.takeLeft, Right: p.takeRight}
	})
	joined = topology.Reach(topology.KeepKeys(joined), max(before, after)+grace+1)
	key, _ := topology.Codecs(left)
	return topology.WithCodecs(joined, key, nil)
}

// joinLayout says what the rows are: their stretches are as long as Before and After, and a record has its flag, that it had a
// partner, only where the kind of join asks for it.
func joinLayout[K, L, R any](w JoinWindow, kind kind, left topology.Stream[K, L], right topology.Stream[K, R]) topology.Layout {
	of := [...]string{inner: "an inner", leftOuter: "a left", fullOuter: "an outer"}[kind]
	return twoSided(fmt.Sprintf("records of %s join, by stretches of %s", of, w.Before+w.After), left, right)
}

// check reports what is wrong with a window.
func (w JoinWindow) check(b *topology.Builder, name string) {
	fault := func(what string, d time.Duration) {
		if d < 0 || d%time.Millisecond != 0 {
			b.Fault("node %q: %s of its window is %s; it must be a whole number of ms, at least 0", name, what, d)
		}
	}
	fault("Before", w.Before)
	fault("After", w.After)
	fault("Grace", w.Grace)
}

// streamsJoin is a node that keeps the records of both sides until their windows close.
//
// Invariant (once): a tracked record is flagged when it finds a partner or is forwarded alone, and
// no record joins one whose window has closed. So it is never forwarded alone and joined too.
type streamsJoin[K, L, R, VO any] struct {
	join   func(k K, l *L, r *R) VO
	out    topology.Forward[K, VO]
	buffer buffer
	left   lane[K, L]
	right  lane[K, R]
	key    K // of a record that is forwarded alone
	next   topology.Record[K, VO]
}

func (p *streamsJoin[K, L, R, VO]) Init(ctx topology.Context) error {
	p.buffer.table, p.buffer.timer = ctx.Table(p.left.name), ctx.OnStreamTime(p.close)
	ctx.SetGrace(max(p.left.ahead, p.right.ahead) + p.left.grace) // results without partner are still to come
	if err := p.left.Init(ctx); err != nil {
		return err
	}
	if err := p.right.Init(ctx); err != nil {
		return err
	}
	p.bind()
	return p.buffer.open(p.left.span, p.right.span)
}

// bind says how the records of each side are forwarded: once, as a function made by each call
// would be allocated.
func (p *streamsJoin[K, L, R, VO]) bind() {
	l, r := &p.left, &p.right
	l.pair = func() error {
		return p.forward(l.rec.Key, &l.rec.Value, &r.parsed, max(l.rec.Time, r.time), l.rec.Headers)
	}
	r.pair = func() error {
		return p.forward(r.rec.Key, &l.parsed, &r.rec.Value, max(r.rec.Time, l.time), r.rec.Headers)
	}
	l.alone = func() error { return p.alone(&l.parsed, nil, l.time) }
	r.alone = func() error { return p.alone(nil, &r.parsed, r.time) }
}

func (p *streamsJoin[K, L, R, VO]) takeLeft(rec *topology.Record[K, L]) error {
	return meet(&p.buffer, &p.left, &p.right, rec)
}

func (p *streamsJoin[K, L, R, VO]) takeRight(rec *topology.Record[K, R]) error {
	return meet(&p.buffer, &p.right, &p.left, rec)
}

// close forwards the records that found no partner and deletes those whose windows stream time has passed.
func (p *streamsJoin[K, L, R, VO]) close(now int64) error {
	for {
		side, due, err := p.buffer.due(now)
		switch {
		case err != nil || side == 0:
			return err
		case side == leftSide:
			err = lapse(&p.buffer, &p.left, due)
		default:
			err = lapse(&p.buffer, &p.right, due)
		}
		if err != nil {
			return err
		}
	}
}

func (p *streamsJoin[K, L, R, VO]) alone(l *L, r *R, at int64) error {
	if err := p.left.key.Parse(p.buffer.key[bufferHead:], &p.key); err != nil {
		return err
	}
	return p.forward(p.key, l, r, at, nil)
}

func (p *streamsJoin[K, L, R, VO]) forward(key K, l *L, r *R, at int64, headers []topology.Header) error {
	p.next.Key, p.next.Value, p.next.Time, p.next.Headers = key, p.join(key, l, r), at, headers
	return p.out(&p.next)
}
