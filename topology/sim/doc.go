// Package sim runs a topology as it is on an in-process Kafka, in virtual time and under faults: a
// day of killed processes, cut connections, lost answers and rebalances takes a few minutes. At the
// end it compares what the topics and the stores hold with what the same topology, run without
// Kafka and without a fault by package topologytest, makes of the same input.
//
//	func TestOrders(t *testing.T) {
//		report := sim.Run(t, sim.Config{Topology: orders, Input: someOrders, Seed: *seed})
//		t.Log(report)
//	}
//
// Everything of a run lives in one bubble of testing/synctest: brokers, clients, connections
// (network.go), the apps of the instances with their workers, and their stores, which are in
// memory. So no processor of the topology may wait for the world outside, and Pebble is not used.
//
// # What is checked
//
//   - each output topic's last value of each key, and each changelog's, against the oracle; of topics
//     named in Exact every value in its order (check.go)
//   - the position that each task has committed with its state against the group's offsets, and
//     both against the log: nothing is left out or left over (position.go)
//   - what each instance keeps of a store against the changelog up to the offset that it says it
//     has: nothing local is ahead of the log (disk.go)
//   - a concurrent consumer of committed records sees what lies in the log at the end, once and in
//     order, and each value of a key follows the one before as Follows says (watch.go)
//   - no transaction stays open longer than it may (hanging.go), no app stops by itself, no app
//     logs an error, and all input is processed soon after the last fault
//
// The comparison asks of a topology that its last results do not depend on the order in which
// records of different partitions come together: sums and counts, windows whose grace is longer
// than the input is out of order, inner joins of streams. Of what does depend on it, as the wall
// clock does, leave the topics and stores out by Except. A task that is idle when its instance dies
// holds no watermark back: behind a repartition topic, what comes until another takes it over is late
// unless the grace is longer than that, so give such a topology an IdleAfter beyond the gaps of its input.
//
// # What a seed gives again
//
// The same seed and the same Config give the same input and the same schedule: which fault, when,
// on which instance, for how long (schedule.go). They do not give the same run to the letter: the
// order of goroutines that are ready at the same virtual moment is Go's to choose, and so are the
// order of maps and the jitter of the clients' backoffs and of kfake. A fault that waits for a commit or a
// request may so hit another one. A bug that a seed has shown shows again with it after a few
// tries, in our experience, and the history that a failed run logs tells what hit when.
//
// Not simulated: what kfake lacks, which is replication, markers written after EndTxn is answered,
// and brokers that die; integration/broker has those on a real Kafka. Where kfake loses count of who
// has joined a group, it is helped out (barrier.go), and Report.Barriers says how often.
package sim
