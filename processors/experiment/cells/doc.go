// Package cells is stage 2 of the experiment application: it adds up the deltas of stage 1 by experiment and publishes what
// they come to, one stats record for the total and one for each window.
//
// # The life of a delta
//
//	process.go     the delta of one stage-1 commit: into the rows of its run, or into a pending row while the
//	               registry has not told of that run yet
//	panes.go       its panes, into the row of each grain that the definition asks for
//	maturity.go    what of it matures, into the row of its pane of maturity; the watermark passes the end of that pane, and it is
//	               folded into the matured sums: watch.go observes each test, guard.go decides on harm
//	timers.go      the watermark passes the end of a window (it is closed, once) or the end of its retention
//	emit.go        before each commit: records of what changed: a total each EmitEvery, open
//	               windows each second of wall time, closed ones at once
//	total.go       sums to the record of a total: compare.go its figures at a fixed horizon, always.go and split.go those
//	               that stay valid while one looks; package verdict says what they mean
//	joint.go       figures that need sums of several totals of a unit: ratios, and comparisons adjusted by a covariate
//	window.go      sums to the record of a window; sliding.go those that are sums of panes
//
// Invariant (nothing unsent): a row that changed since its record was sent has its unsent flag in the table, so what
// was put off is sent after a restart too.
//
// A delta never gets lost: totals take each, however late; a window that is closed is sent again as long as it is retained. Its
// revision is the number of changes that came after its end and grace, a property of the input, not of commits.
//
// The definition of a window is the version in effect at its start; of a total, that at its as_of. A newer version has the
// records that it concerns sent again. A newer run removes the rows and windows of the one before.
//
// # Rows
//
// The table [Store]; experiment, run and grain are text, start is 8 bytes big endian. Every value begins with its layout, the byte 1
// but of totals, whose layouts 1 and 2 are read as well: 1 had the end of the latest pane alone, 2 did not know which units were drawn. A delta is in the layout of experiment.DeltaCodec.
//
//	t|<experiment>|<run>                   layout 3: flags, varints (end of the latest pane that is not empty, end of the latest
//	                                       pane of maturity, start of the latest that is folded, panes that came after their
//	                                       close), what the watch remembers (Watch.append), delta without panes
//	m|<experiment>|<run>|1s|<start>        delta without panes: an open pane of maturity
//	g|<experiment>|<run>|<segment>         flags, varint as_of of the record that was sent, delta: the cells of a segment
//	p|<experiment>|<run>                   delta: what came before its definition
//	w|<experiment>|<run>|<grain>|<start>   flags, delta with one pane a variant; of a sliding grain without
//	s|<experiment>|<run>|<grain>|<start>   watermark, offset of the deltas' topic, 8 bytes each big endian: the close
//	                                       schedule, one row for each closed window that is published
//
// Matured sums of the total, and the memory of the watch, are those of the folded panes; as_of of its record says which they are: all
// that end there or before. So figures that are valid at any time do not depend on when anything was committed or sent.
//
// Flags: 1 unsent, 2 the stats topic has a record, 4 of a segment: that record is closed. Rows of grain 1s are kept for every
// experiment, published or not: they tell
// which pane is the latest that is not empty. The newest 64 stay when their retention has passed, so that it stays known, and
// others as long as a sliding window may be corrected that holds them. A row is bounded, see experiment.PaneBins.
//
// A window of "sliding 60s" ends with each second, the step of its panes. It has no record before the watermark passes its end.
package cells
