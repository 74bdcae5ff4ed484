// Package mutants seeds bugs into the code, one at a time, and holds that the
// check which is there for it fails. A bug is an edit of the source that the go
// command sees through an overlay: what is committed has none of them.
//
//	make mutants    runs every check without and with its bug and prints the table
//
// What runs with all other tests says that each edit still fits the source and
// still compiles, and that each check is still there.
//
//	mutant_test.go    a seeded bug: edits and checks
//	commits_test.go   bugs of commits, transactions and restores
//	meanings_test.go  bugs of time, units and statistics
//	operators_test.go bugs of stores, restores, windows and joins
//	tables_test.go    bugs of versions, of what is kept for a time, and of timers
//	decisions_test.go bugs of guardrails, of the registry that obeys them, and of layers
//	standbys_test.go  bugs of standbys and of where tasks go for them
//	readings_test.go  bugs of what stores show to readers
//	fits_test.go      the edits fit, compile, and their checks exist
//	verdict_test.go   what a run of a check says
//	caught_test.go    every bug, seeded by an overlay, is caught (tag mutants)
package mutants
