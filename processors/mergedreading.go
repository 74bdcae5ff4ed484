package processors

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
)

// mergedReading shows the open windows that rows of panes make. Which are open is known by the stream time of the task:
// a standby, whose rows may be behind or ahead of that, is not asked.
type mergedReading[A any] struct {
	windowedKeys
	panes
	values codecs.Codec[A]
	merge  func(a, b A) A
}

// storedPanes are panes of one key, by start.
type storedPanes[A any] struct {
	times  []int64
	values []A
}

// add parses the row of the next pane. Its bytes are copied: results may alias them.
func (r mergedReading[A]) add(to *storedPanes[A], start int64, row []byte) error {
	result, err := resultOf(slices.Clone(row), false)
	if err != nil {
		return err
	}
	var value A
	if err := r.values.Parse(result, &value); err != nil {
		return err
	}
	to.times, to.values = append(to.times, start), append(to.values, value)
	return nil
}

// get merges the window of a key; collect gives its panes with from <= start < to.
func (r mergedReading[A]) get(v *state.View, key []byte, collect func(v *state.View, record []byte, from, to int64) (storedPanes[A], error)) (value []byte, ok bool, err error) {
	record, err := r.Record(key)
	switch {
	case err != nil:
		return nil, false, err
	case v.Standby:
		return nil, false, state.ErrStandby
	}
	start, end := windowOf(key)
	if end-start != r.size {
		return nil, false, nil
	}
	of, err := collect(v, record, start-1, end) // a sliding window begins behind a pane
	if err != nil {
		return nil, false, err
	}
	one := state.Bounds{Since: start, Until: start + 1}
	_, err = r.show(v, one, record, of, func(shown state.Shown) bool {
		value, ok = shown.Value, true
		return true
	})
	return value, ok, err
}

// show merges the open windows of a key in the order asked for; false when the reader has had enough.
func (r mergedReading[A]) show(v *state.View, b state.Bounds, record []byte, of storedPanes[A], visit func(state.Shown) bool) (more bool, err error) {
	var all []state.Shown // only of a scan in reverse
	over, next := slider[A]{merge: r.merge}, 0
	for start := range r.starts(of.times, max(b.Since, r.open(v.StreamTime)), b.Until) {
		for ; next < len(of.times) && of.times[next] < start+r.size; next++ {
			if of.times[next] >= start {
				over.push(of.times[next], of.values[next])
			}
		}
		over.evict(start)
		merged, ok := over.result()
		if !ok {
			continue
		}
		value, err := r.values.Append(nil, merged)
		if err != nil {
			return false, fmt.Errorf("window of key %x: result: %w", record, err)
		}
		shown := shownWindow(record, start, start+r.size, value)
		if b.Reverse {
			all = append(all, shown)
		} else if !visit(shown) {
			return false, nil
		}
	}
	for _, shown := range slices.Backward(all) {
		if !visit(shown) {
			return false, nil
		}
	}
	return true, nil
}

// open is the least start of a window that is open at a stream time.
func (p panes) open(streamTime int64) int64 {
	if streamTime < math.MinInt64+p.due(p.size) {
		return math.MinInt64
	}
	return streamTime - p.due(p.size) + 1
}

// starts are those with from <= start < to of the windows that panes make.
func (p panes) starts(times []int64, from, to int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		if len(times) == 0 {
			return
		}
		if !p.sliding {
			first, _ := p.windows(max(times[0], from))
			_, last := p.windows(times[len(times)-1])
			for start := first; start <= last && start < to; start += p.advance {
				if start >= from && !yield(start) {
					return
				}
			}
			return
		}
		for ends, begins := 0, 0; begins < len(times); {
			start, exists := p.nextStart(times, &ends, &begins)
			if exists && start >= from && start < to && !yield(start) {
				return
			}
		}
	}
}

// nextStart is that of the next sliding window: one that ends with a pane, or one that begins behind a
// pane and, to exist, has another.
func (p panes) nextStart(times []int64, ends, begins *int) (start int64, exists bool) {
	start = times[*begins] + 1
	if *ends < len(times) && times[*ends]+1-p.size <= start {
		exists = true
		ended := times[*ends] + 1 - p.size
		*ends++
		if ended < start {
			return ended, true
		}
	}
	*begins++
	return start, exists || *begins < len(times) && times[*begins] < start+p.size
}
