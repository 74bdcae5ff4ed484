// Package operation holds the abacus binary itself, as processes on a real Kafka
// and a real Redis, to what an operator may do to it: kill it, halt it, start it
// twice, take its services away, delete its offsets, misplace its events. After
// each, what is published must be what the log says. Everything is in its tests.
package operation
