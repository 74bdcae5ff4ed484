// Package replay turns a CSV file of a finished experiment into the events that a live one would have produced, and
// into the definition that counts them.
//
// [New] reads the flags and then the file once: variants in their order, the decimals each mean needs, how late rows
// are in file order, bad rows with line and reason. [Plan.Events] reads it a second time and yields the events. Both
// passes stream; what stays in memory is some twenty bytes a row, by which equal rows are told apart.
//
// The life of a row: decompress and split (source.go) -> choose by the conditions (condition.go) -> read unit,
// variant, time and a mark per metric (mapping.go) -> judge (bad.go) -> survey (survey.go) or events (events.go).
//
// Cells and header names are taken without the white space around them; a cell of white space alone is blank.
// The id of an event is a hash of the row's content, so a file that is fed twice, or shuffled, counts once.
package replay
