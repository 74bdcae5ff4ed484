// Package pipeline holds the experimentation flow from end to end: events are
// produced to a broker, real workers run both stages in transactions, and a
// reader of committed records hands the statistics to verify, which recomputes
// them from the log. Every test ends with no difference.
//
// Each test runs on kfake in this process and on a real broker: all that it needs
// of them goes through kgo and kadm, and each test has names of its own.
//
//	cluster_test.go    the two kinds of Kafka
//	pipeline_test.go   topics, registry rows and events of one test
//	process_test.go    one process of the app, as often as a test wants
//	log_test.go        topics read to their end
//	judge_test.go      waiting until all is processed, closed and as verify says
//	traffic_test.go    events: single ones, and streams of any length by seed
//	guardrail_test.go  the registry beside it, which acts on what is decided
package pipeline
