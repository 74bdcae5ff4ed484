package sim

import "testing"

// judge compares what is left with what has to be.
func (w *world) judge(t *testing.T) {
	t.Helper()
	for _, found := range [][]string{
		w.watch.compare(w.logs),
		w.positions(),
		w.disks(),
		w.results(t),
	} {
		for i, text := range found {
			if i == toldAtMost {
				w.anomaly("and %d more like these", len(found)-i)
				break
			}
			w.anomaly("%s", text)
		}
	}
}
