// Package topologytest runs a topology without Kafka: topics are logs in memory,
// wall-clock time is an argument, and a commit is the worker's five steps in one
// call. What a test sees is what an app on a broker would show.
//
//	d := topologytest.New(t, topo, topologytest.Config{Tasks: 4})
//	orders := topologytest.NewIn(d, "orders", codecs.String, codecs.Int64)
//	counts := topologytest.NewOut(d, "counts", codecs.String, codecs.Int64)
//	orders.Pipe("ann", 12)
//	d.Run()
//	require.Equal(t, map[string]int64{"ann": 1}, counts.Last())
//
// Run processes and commits until nothing is left; Step and Commit do one record
// and one commit. Advance lets wall-clock time pass: idle tasks follow it.
//
// What happens to apps may happen at any record:
//
//	Restart, Wipe        all instances are killed and start anew; with Wipe without their disks
//	CrashAt              the next commit ends after one of its steps
//	LoseAnswer           nobody learns how the next commit ended
//	Start, Stop, Kill    an instance comes, leaves or dies, and tasks move
//
// Codecs of inputs, outputs and stories are tried out on the way: one whose Parse leaves anything of what its value held
// before fails the test, as in an app it would mix records. A topic or store that the topology does not have fails it too.
//
// A record that a node fails at is tried again and put aside as [topology.OnFailure] says; the tries after the first one
// wait for the wall clock, so Advance it. Where nothing is said the test fails at once, with the error.
//
// Stories are golden files of all that: each is told again with every such thing
// behind each of its records, and must end in the same results. [Stories] shows a whole file.
//
//	pipe.go        typed inputs and outputs
//	dirt.go        what a codec must not leave in a value
//	log.go         topics as logs of bytes
//	driver.go      the app: run, step, commit, time
//	instance.go    instances, and the tasks that move between them
//	open.go        a task is restored and built
//	trials.go      records that fail, as topology.OnFailure says
//	worker.go      the five steps of a commit, and what goes wrong in them
//	circle.go      topologies that feed themselves for ever
//	rows.go        what is in a store
//	story.go       stories; form.go and observer.go: their text
package topologytest
