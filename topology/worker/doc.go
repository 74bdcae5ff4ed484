// Package worker runs a topology on Kafka. An App has workers; a worker is one
// goroutine with one client, one transaction at a time and any number of tasks.
// Workers share nothing but the stores' engine, the global tables and the
// standbys, which keep copies of tasks of other instances (standbys.go).
//
// The loop of a worker (worker.go) is a table of contents: poll, process,
// punctuate, commit if due. Exactly-once is made in commit.go and nowhere else.
// A worker that meets an error it cannot place drops everything it holds in
// memory and opens its client again under the same identities: what is true is
// in the log, and the tail of the changelog brings the stores up to it.
package worker
