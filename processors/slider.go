package processors

// slider merges the panes of a window that slides over them: each pane is merged about three times,
// in however many windows it lies. Panes come in order and leave in order; no merge is undone.
type slider[A any] struct {
	merge  func(a, b A) A
	starts []int64 // of the panes in the window
	values []A     // of panes[:split] merged with those behind, up to split; of others their own
	head   int     // panes before it have left
	split  int
	back   A // panes[split:] merged
}

func (s *slider[A]) reset() {
	clear(s.values) // results may hold memory
	s.starts, s.values, s.head, s.split, s.back = s.starts[:0], s.values[:0], 0, 0, *new(A)
}

// push adds the next pane.
func (s *slider[A]) push(start int64, value A) {
	if len(s.values) == s.split {
		s.back = value
	} else {
		s.back = s.merge(s.back, value)
	}
	s.starts, s.values = append(s.starts, start), append(s.values, value)
}

// evict drops the panes that start before a time.
func (s *slider[A]) evict(before int64) {
	for s.head < len(s.starts) && s.starts[s.head] < before {
		s.head++
	}
	if s.head <= s.split {
		return
	}
	s.split = len(s.values)
	for i := s.split - 2; i >= s.head; i-- {
		s.values[i] = s.merge(s.values[i], s.values[i+1])
	}
}

// result is all panes of the window merged; false when it has none.
func (s *slider[A]) result() (merged A, ok bool) {
	switch {
	case s.head == len(s.values):
		return merged, false
	case s.head >= s.split:
		return s.back, true
	case s.split == len(s.values):
		return s.values[s.head], true
	}
	return s.merge(s.values[s.head], s.back), true
}
