// Package bench measures the engine on a real Kafka beside what others do with
// the same records: make bench. It is a module of its own, so that what
// rivals need is no part of ours.
//
//	bench_test.go   flags, the order of the runs
//	stage.go        topics and experiments of a workload
//	records.go      the workloads
//	child.go        a contender in a process of its own, so that it alone is counted
//	meter.go        its CPU time, wall time and peak memory
//	engine.go windows.go raw.go goka.go     the contenders
//	streams.go streams/     the contender in Java: Kafka Streams, built by Maven
//	totals.go       a consumer of results
//	watch.go        which tells when a contender has counted all, or has dropped the rest
//	traffic.go      steady events, and how long each takes to be readable
//	trial.go        runs of the engine under steady events, with and without a crash
//	figures.go results.go        medians, RESULTS.md
//
// Contenders take turns, so that what disturbs the machine disturbs all of
// them. The broker, and the consumer that sees the end, share the machine.
package bench
