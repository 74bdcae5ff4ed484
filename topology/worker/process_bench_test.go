package worker

import "testing"

// One operation is a record: from its queue through the loop of a worker with four tasks, without Kafka.
func BenchmarkProcess(b *testing.B) {
	w := loopWorker(b, func() error { return nil }, partitions)
	const poll = 10_000
	records := many(poll / partitions)
	b.ReportAllocs()
	for n := 0; n < b.N; n += poll {
		for _, r := range w.running {
			r.task.Add(0, records)
		}
		for w.pace.behind = true; w.pace.behind; {
			if err := w.process(b.Context(), b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
}
