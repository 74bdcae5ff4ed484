package worker

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/state"
)

// Range visits the rows of a span, partition by partition. In each they come by their keys, those of tumbling windows by
// start and then by key; those of hopping and sliding windows and of sessions key by key, of each by start. An error is
// the last that comes. It reads pages of pageRows: each is of one commit, and a later page may be of a later one.
func (s *Store) Range(ctx context.Context, span Span) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		partitions, err := s.partitionsOf(span)
		if err != nil {
			yield(Row{}, err)
			return
		}
		for _, p := range partitions {
			if !s.rangeIn(ctx, p, span.bounds(), yield) {
				return
			}
		}
	}
}

func (s *Store) partitionsOf(span Span) ([]int32, error) {
	switch _, err := s.Partitions(); {
	case err != nil || span.Partitions != nil:
		return span.Partitions, err
	case span.Key != nil:
		p, err := s.PartitionOfRecord(span.Key)
		return []int32{p}, err
	}
	return s.Held(), nil
}

func (span Span) bounds() state.Bounds {
	return state.Bounds{
		Key: span.Key, From: span.From, To: span.To, Reverse: span.Reverse,
		Since: unixMilli(span.Since, math.MinInt64), Until: unixMilli(span.Until, math.MaxInt64),
	}
}

func unixMilli(at time.Time, zero int64) int64 {
	if at.IsZero() {
		return zero
	}
	return at.UnixMilli()
}

// rangeIn is false when the reader has had enough, or an error came.
func (s *Store) rangeIn(ctx context.Context, partition int32, b state.Bounds, yield func(Row, error) bool) bool {
	for more := true; more; {
		var rows []Row
		err := s.read(ctx, partition, func(v *state.View) (err error) {
			rows, more, err = s.page(v, partition, &b)
			return err
		})
		if err != nil {
			yield(Row{}, err)
			return false
		}
		for _, row := range rows {
			if !yield(row, nil) {
				return false
			}
		}
	}
	return true
}

// A page ends with its first row beyond one of these: no worker is held up by a reader for longer.
const pageRows, pageBytes, pageReads = 500, 256 << 10, 20_000

// page copies the first rows within bounds, and has the bounds go on behind them. All that one row of the store shows is
// on one page.
func (s *Store) page(v *state.View, partition int32, b *state.Bounds) (rows []Row, more bool, err error) {
	size, after := 0, []byte(nil)
	err = s.reading.Scan(v, *b, func(at []byte, shown state.Shown) bool {
		if !slices.Equal(at, after) && after != nil {
			if more = len(rows) >= pageRows || size >= pageBytes || v.Reads >= pageReads; more {
				return false
			}
		}
		after = append(after[:0], at...)
		if shown.Key != nil {
			rows = append(rows, copied(partition, shown))
			size += len(shown.Key) + len(shown.Value) + len(shown.Record)
		}
		return true
	})
	if b.After = after; after == nil {
		b.After = []byte{}
	}
	return rows, more, err
}

// copied gives all bytes of a row in one piece of memory.
func copied(partition int32, shown state.Shown) Row {
	all := slices.Concat(shown.Key, shown.Value)
	key := all[:len(shown.Key):len(shown.Key)]
	row := Row{Partition: partition, Key: key, Value: all[len(key):], Record: key, Start: shown.Start, End: shown.End}
	if shown.End != shown.Start {
		row.Record = slices.Clone(shown.Record)
	}
	return row
}
