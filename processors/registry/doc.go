// Package registry keeps experiments as a goka group table. Commands go in by a topic, one processor decides about them
// in their order, and its table is what the engine, the assignment and the collection read.
//
//	Send ─► <prefix>.registry.commands ─► Run: Decide ─► <prefix>.registry-table ─► View, the engine's global table
//
// Decide is the whole of the rules and a pure function: entry, command and time in, entry out. A command that cannot be
// applied changes no version; its refusal is kept in the entry, where its sender finds it. A command that comes again,
// and a definition equal to the one in force, change nothing.
//
// What may change while an experiment runs: weights, traffic, end, windows, their retention and the decision. Anything
// else would make sums of before and after incomparable: it needs a restart, which begins a new run.
//
// goka fits here: the table is small, keyed and not transactional, and views come with it. All its settings are given to
// its builders; nothing global is touched.
package registry
