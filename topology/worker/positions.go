package worker

import "iter"

// position is how far a task is in one of its sources.
type position struct {
	place
	id       [16]byte // of the topic
	next     int64
	metadata string
}

// positions are those of the tasks touched.
func (w *worker) positions(touched []*running) iter.Seq[position] {
	return func(yield func(position) bool) {
		for _, r := range touched {
			for i, src := range r.sub.Sources {
				id, next := w.app.topics.ids[src.Topic], r.task.Next(i)
				if next >= 0 && !yield(position{place{src.Topic, r.task.Task().Partition}, id, next, metadata(r, id)}) {
					return
				}
			}
		}
	}
}
