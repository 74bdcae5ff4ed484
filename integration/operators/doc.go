// Package operators holds the operators of the library on real workers: windows,
// sessions, suppress, dedup, a punctuator and every join run in two processes,
// which are killed and restarted in the midst of it, and end with what topologytest
// makes of the same input in one go. Where each result comes once it must come once.
//
// Each test runs on kfake in the test's process and on a real broker.
//
//	cluster_test.go     the two kinds of Kafka
//	topologies_test.go  what runs, and what is looked at
//	tallies_test.go     a processor with a punctuator
//	input_test.go       input by seed, in phases
//	scene_test.go       topics, records and committed offsets of one test
//	outputs_test.go     what topologytest expects, and what the topics say
//	instance_test.go    processes of the app that are killed, stopped and started
//	child_test.go       what runs in them
package operators
