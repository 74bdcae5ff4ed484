// Package registry keeps experiments as a goka group table. Commands go in by a topic, one processor decides about them
// in their order, and its table is what the engine, the assignment and the collection read.
//
//	Send ─► <prefix>.registry.commands ─► Run: Decide ─► <prefix>.registry-table ─► View, the engine's global table
//	the engine ─► <prefix>.decisions ───► Run: Act ────────┘
//
// Decide is the whole of the rules and a pure function: entry, command and time in, entry out. A command that cannot be
// applied changes no version; its refusal is kept in the entry, where its sender finds it. A command that comes again,
// and a definition equal to the one in force, change nothing.
//
// Decisions of the engine are a second input of the same processor, so that one goroutine orders them among the commands and
// the table row that they change is all there is to be exact about. They are read committed: an aborted one was never made.
// Reading may repeat them; the entry holds those it has taken, with their evidence, and Act takes none twice.
//
// A draft is checked and kept, but has no version: to the engine it does not exist, and anything in it may change. What is
// archived the engine knows no longer; what it published stays.
//
// Experiments of one layer have parts of it that do not meet, from their start to their end: of two that would share units the second
// is refused. So a command is decided beside all other rows of the table, which one goroutine changes.
//
// What may change while an experiment runs: weights, traffic, the part of the layer, end, windows, their retention and the decision. Anything
// else would make sums of before and after incomparable: it needs a restart, which begins a new run.
//
// goka fits here: the table is small, keyed and not transactional, and views come with it. All its settings are given to
// its builders; nothing global is touched.
package registry
