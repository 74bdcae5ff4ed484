// Package units is stage 1 of the experiment application: what each unit did, exactly once. It takes events keyed by unit,
// removes duplicates, finds the first exposure, attributes metric events to it, and sends one delta per experiment and
// commit to stage 2.
//
// # The life of an event
//
//	judge      processor.go     faults that need neither registry nor state
//	tagged     tagged.go        an event of a unit: event experiment counts as it comes
//	reroute    reroute.go       a record that is not in its unit's partition takes the detour
//	take       exposure.go, metric.go, retract.go
//	attribute  attribute.go     what the events of a row are worth in one experiment
//	settle     settle.go        the difference to what they were worth before; bins.go and spaced.go for quantiles and units
//	mature     maturity.go      what stream time makes due, by the pane of the moment that it was
//	combine    combine.go       sums of differences, until the commit
//
// split.go says which first exposures the split check and the exact figures of conversions are of, segments.go what else than the
// whole a unit counts in.
//
// The contribution of a unit to an experiment is a pure function of its row and the definition. A change of a row is
// settled as contribution after less contribution before, so sums in stage 2 are what a computation from scratch gives.
// A metric event of a known unit only adds, and takes a short way with the same result.
//
// A covariate (joint.go) is one more total of the unit: of events before its exposure, or brought by it. It matures with its metric.
// Units that are not exposed yet keep their rows as long as their events may be before an exposure; events from before the task
// knew the experiment are in no row.
//
// # Rows of the table
//
// The first byte of a key is the kind of the row; every value begins with its version, 1. Integers are big endian, a
// count is a uvarint, an int a zigzag varint as in encoding/binary, text is a count and so many bytes.
//
//	u|<unit>                            a unit: Row
//	c|<class 4>                         a class: which metrics take an event, see below
//	w|<experiment 8><source 1><offset 8>  an event that waits for its experiment, see waiting
//	r|<unit><id 8>                      the record of a retraction that waits for its target
//	a|<experiment>|<run>|<version>      an adoption: Adoption
//	q|<offset 8>                        stream time beyond the events that had come: Quiet
//
// Row:
//
//	byte   version = 1
//	8      Timer
//	int    Last
//	count  Late, Conflicts
//	count  enrolments, each:
//	  8      Experiment, the xxhash64 of its name
//	  count  Run
//	  byte   1 exposed | 2 several variants | 4 not of the split check | 8 has segments | 16 times why it is left out |
//	         64 its variant was drawn; rows of before that was kept have none such
//	  count  BeforeStart, AfterEnd
//	  if exposed:
//	    int    First, Epoch, Arrived
//	    text   FirstID
//	    count  Variant; if it has segments a count of dimensions and of each a count, the segment
//	    count  Earlier, Seen
//	    count  metrics, behind those of the definition their covariates, each: int total, count matured
//	count  pending retractions, each: 8 ID, 8 Ref, int Due
//	count  kept events, each:
//	  8      ID, the xxhash64 of the id
//	  4      Content
//	  byte   kind | 8 has a value | 16 retracted | 32 refused | 64 has its id
//	  if metric event: int time less that of the metric event before, count class, and if it has a value
//	                   count values, each an int: scaled value * 2 + 1 if it was rounded
//	  if it has its id: text id
//
// Class: count decimals, each a count; count experiments, each: 8 hash, count run, count metrics, each: count index,
// count 1 + index among the decimals (0: it takes no value).
//
// Waiting event or retraction: 8 due (the greatest int64 where an earlier record of its id has the timer), 8 group,
// the record: int append time, int offset, count partition, text topic, key and value each count 0 for nil or 1 + length
// and the bytes, count headers, each text key, text value.
//
// Adoption: int offset in the registry table, int next offset of the events topic, int stream time. Quiet: int stream time.
package units
