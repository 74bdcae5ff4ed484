// Package topologytest runs a topology without Kafka: topics are logs in memory,
// wall-clock time is an argument, and a commit is the worker's five steps in one
// call. Tasks may be restarted, or crashed at each step of a commit, at any
// record: what a test then sees is what a restarted worker would see.
package topologytest
