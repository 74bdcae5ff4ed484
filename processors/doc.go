// Package processors holds the operators of a topology: functions from streams to streams.
//
//	var b topology.Builder
//	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
//	big := processors.Filter(orders, "big", func(_ string, amount int64) bool { return amount > 10 })
//	counts := processors.Count(big, "big-orders")
//	topology.To(counts, "counts")
//
// Every operator is named by the user. The name of an aggregate is also that of its store, of its
// changelog <app>-<name>-changelog and, where the keys were changed above it, of its repartition
// topic <app>-<name>-repartition.
//
// Codecs travel with a stream; an operator that changes a type clears its codec, which
// topology.WithCodecs sets again. An aggregate without a codec is a build error that names it.
//
// # Outputs
//
// Stateless operators forward as they are called. Aggregates forward their changed results when
// the task commits: one update for each key that changed since the last commit, in the order in
// which they first did, however often each has changed. A record that leaves a result as it was
// writes and forwards nothing. How many updates there are thus depends on when a task commits, the
// last one of each key does not: above an aggregate of updates, combine them by what is newest or
// greatest, do not count them.
//
// # Windows
//
// Window cuts a stream into windows [start, end) of event time; CountWindows, ReduceWindows and
// AggregateWindows keep one result per key and window. A window closes, and its rows are deleted,
// when stream time passes its end plus the grace. A record for a closed window is late: it goes to
// the late topic with its window and its distance from stream time.
//
// Behind a repartition topic stream time is the watermark, the least of the tasks upstream as of
// their last commit: no record inside the grace is ever late there, but one beyond it may still be
// in time, which depends on when they commit. Decide lateness above the topic where that matters.
//
// # Failing records
//
// Functions that return an error (TryMapValues, Aggregate, AggregateWindows) turn the record into
// a dead letter with the reason "failed"; the state stays as it was. So does a key or value that
// its codec cannot encode.
//
// Updates of an aggregate are not records of a topic: where one fails or is late below the
// aggregate, the dead letter names the node, the task's partition and offset -1 as its source.
//
// # Joins
//
// Records of one key meet in one task, so the sides of a join must be co-partitioned: where an
// operator has changed keys they go through a repartition topic, and key codecs of different types
// are a build error. That the sources have equally many partitions is checked when the app starts.
//
//	join          result when                                 its time        its headers
//	JoinTable     a record of the stream comes                the record's    the record's
//	JoinGlobal    a record of the stream comes                the record's    the record's
//	JoinTables    an update changes either side               the greater     the update's
//	JoinForeign   an update changes either side               the greater     the update's
//	JoinStreams   the second record of a pair comes           the greater     the second's
//	              or a window closes without a pair (left,    the record's    none
//	              outer), once
//
// A task takes what waits by event time, and what has not arrived cannot wait: a record of a stream
// that is read before an older update of its table does not see it, as in Kafka Streams. JoinStreams
// does not depend on the order of arrival, as long as records come within the grace.
//
// Every update forwards its own result: joins do not wait for the commit as aggregates do.
//
// # Layouts
//
// Integers are big endian; readers accept the previous version too, of which there is none yet.
//
//	row of Aggregate, Count, Reduce     key    the stream's key codec
//	                                    value  1 | event time 8 | result
//	row of AggregateWindows and others  key    a Windowed key
//	                                    value  1 | result
//	row of ToTable                      key    the stream's key codec
//	                                    value  the stream's value codec
//	row of JoinTables and others        key    the streams' key codec
//	                                    value  1 | sides 1, 1 left + 2 right | for each: time 8 | length uvarint | value
//	row of JoinForeign and others       key    k | the left stream's key codec
//	                                    value  1 | version 8 | 1 refers + 2 has a result 1 | foreign key
//	                                    key    n
//	                                    value  1 | last version 8
//	row of its store NAME-foreign       key    length uvarint | foreign key | r
//	                                    value  1 | time 8 | the right stream's value codec
//	                                    key    length uvarint | foreign key | s | key
//	                                    value  1 | version 8 | time 8 | the left stream's value codec
//	its records                         subscription  1 | version 8, 0 to end it | length uvarint | key | value
//	                                    response      1 | version 8 | 1, or 0 for no result | result
//	row of JoinStreams and others       key    1 | start 8 | end 8 of a stretch of time, as of a Windowed key
//	                                           | side 1, l or r | number 4 | key
//	                                    value  1 | for each: 1 if it had a partner, else 0 | time 8 | length uvarint | value
//	row of Dedup                        key    1 | start 8 | end 8 of a stretch of time | id
//	                                    value  1 | time 8
//	Windowed key, in stores and topics         1 | start 8, sign bit flipped | end 8, likewise | key
//
// The event time of a row is the greatest of its records up to its last change; updates have it
// too. Windowed
// keys are ordered by start, so that closing windows is one scan of a range; the event time of
// their updates is end - 1.
package processors
