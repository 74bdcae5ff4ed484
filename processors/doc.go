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
// # Tombstones and records without key
//
// A record without value, null in Kafka, is a tombstone from its source on; a session that grows or
// merges leaves one of the window it had. No function but that of Peek sees one:
//
//	Filter, MapValues, TryMapValues, Dedup    pass it on
//	Branch                                    passes it on to every branch
//	Map, SelectKey, GroupBy, FlatMap          end it and count it: they make something of values
//	aggregates, joins of streams              pass over it and count it, as Kafka Streams does
//	tables and joins of tables                delete the row of its key
//	sinks                                     write a record without value
//
// A record without key is Keyless. Operators that keep nothing and sinks pass it on, Map, SelectKey
// and GroupBy give it a key; aggregates, tables and joins by key pass over it. What is passed over is
// counted, as skipped_tombstones_total and skipped_keyless_total.
//
// # Times and headers
//
//	result of                               its time                          its headers
//	operators that keep nothing, Dedup,     the record's                      the record's
//	ToTable, ToVersionedTable
//	ToExpiringTable, of a row that expires  when it was due                   none
//	Aggregate, Count, Reduce, Cogroup       the greatest of the key's records none
//	windows, Suppress                       the last of the window, end - 1   none
//	joins                                   see there
//	a processor of one's own, a punctuator  what it gives
//
// These are Kafka Streams' rules but for two: an aggregate forwards for many records at once and so
// has the headers of none, where Kafka Streams has those of the last; and the time of a window's
// result says which window it is of, where Kafka Streams has the greatest of its records.
//
// # Windows
//
// Window cuts a stream into windows [start, end) of event time; CountWindows, ReduceWindows,
// AggregateWindows and AggregateMerging keep one result per key and window. A window closes, and
// its rows are deleted, when stream time passes its end plus the grace. A record for a closed
// window is late: it goes to the late topic with its window and its distance from stream time.
//
// The rows of tumbling and hopping windows are ordered by time and are deleted by their range, with one
// record in a changelog of cleanup compact,delete that keeps the others for size, grace and the
// worker's ChangelogSlack. Rows of sliding windows, sessions and Suppress are deleted by their keys,
// in changelogs of cleanup compact.
//
// Results are forwarded on update, every d of stream time, on close, or by a mix of these. With an
// Every alone, a change waits for the clock to pass the next multiple, or for its window to close;
// that it waits is in the store, so a restart forgets nothing.
//
// Hopping windows are kept as panes: a record changes one row, however many windows it lies in, and
// windows are merged from panes when they are forwarded. A record that is late for some of its
// windows counts in the others, and goes to the late topic with the last window that it missed.
//
// Sliding windows are KIP-450's: each record ends one, and begins another behind it if that has
// records. They are kept as panes of the milliseconds that have records, and merged like hopping
// ones. What a pane needs in memory is two timers of its key.
//
// Sessions are kept in one row per key. One that grows or merges is another window: the update is
// preceded by tombstones of the windows that were forwarded and are part of it. The times of
// tombstones are those of the update. What a session needs in memory is a timer of its key.
//
// Suppress forwards the last update of each window when it closes, from a store ordered by end:
// of a table of windows that other operators have changed, where OnClose would come too early.
//
// Behind a repartition topic stream time is the watermark, the least of the tasks upstream as of
// their last commit: no record inside the grace is ever late there, but one beyond it may still be
// in time, which depends on when they commit. Decide lateness above the topic where that matters.
//
// # Cogroup
//
// Cogroup turns streams of several types into additions to one type of result, and AggregateCogroup
// keeps one result per key of them all: one store and one row, where joins of counts would need
// several.
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
//	JoinTableAsOf stream time has passed the record's time    the record's    the record's
//	              plus the grace
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
// # Expiring tables
//
// ToExpiringTable removes the rows that have not been updated for a while of stream time, and says so
// by tombstones: below it a join of tables takes results back, and JoinTable finds no row. Kafka
// Streams leaves that to a punctuator that scans the store.
//
// # Versioned tables
//
// ToVersionedTable keeps the versions of each key by event time, as Kafka Streams' versioned stores
// do (KIP-889, KIP-914), for a history of stream time after they were succeeded. Updates may come in
// any order; a tombstone is a version. Its stream is that of the newest versions: an update out of
// order changes the history and is not forwarded, so that joins of tables and aggregates below pass
// over it. Kafka Streams tells the same by a flag.
//
// JoinTable with a versioned table joins a record with the row of its time that is known when it is
// read. JoinTableAsOf (KIP-923) has records wait in a store until stream time, which is that of both
// topics, has passed their time plus the grace: where no update is later than that, the results are
// the join of all records with all updates, whatever order they came in. Kafka Streams lets records
// wait by the time of the stream alone. Further back than the history only a version that still
// stands is found. Results are forwarded with the times of their records, as long behind stream time
// as these have waited: let windows directly below have a grace of that, or repartition above them.
//
// # Interactive queries
//
// What worker.App.Store shows of a store is what its operator forwards. A window is shown until it closes, when its rows
// are deleted; Kafka Streams keeps it for the retention: for longer, keep the results by ToTable. Hopping and sliding
// windows are merged as they are read, by the merge of their aggregate, which may then be called beside the task; their
// standbys do not answer, as which windows are open is known to the task alone. Stores of joins, Suppress and Dedup are
// shown as they are kept.
//
//	store of                        key                       value
//	Aggregate, Count, Reduce        the stream's key codec    the result
//	windows, sessions               a Windowed key            the result
//	ToTable, ToExpiringTable        the stream's key codec    the value
//	ToVersionedTable                the stream's key codec    the newest version, or by GetAsOf that of a time
//
// # What may change
//
// A store keeps what its rows are: the kind, the parameters that their keys depend on, and the formats of the codecs. A
// program that would read them as something else is refused when it starts. Emit, Every and grace may change, as may the
// gap of sessions, the history of a versioned table and the time to live of an expiring one. What was closed under less
// grace stays closed; records of JoinStreams that were let go under less grace have no partners there any more.
//
// # Layouts
//
// Integers are big endian; readers accept the previous version too, of which there is none yet.
//
//	row of Aggregate, Count, Reduce     key    the stream's key codec
//	                                    value  1 | event time 8 | result
//	row of AggregateWindows and others  key    a Windowed key; of hopping windows that of a pane
//	                                    value  1 | result
//	    of sliding windows              key    1 | key | start 8, sign bit flipped; of a pane of 1 ms
//	    with an Every                   value  2 | stream time of the last change 8 | result
//	row of sessions                     key    the stream's key codec
//	                                    value  1 | for each session by start: flags 1 | start 8 |
//	                                           end 8 | uvarint length, result
//	    flags                           1 forwarded, 2 changed since, 4 deleted but not yet said so
//	row of Suppress                     key    a Windowed key, its end before its start
//	                                    value  1 | result
//	row of ToTable                      key    the stream's key codec
//	                                    value  the stream's value codec
//	row of ToExpiringTable              key    the stream's key codec
//	                                    value  1 | time 8 | time of its timer 8 | the stream's value codec
//	row of ToVersionedTable             in package state: rows of Versions
//	row of JoinTableAsOf                key    1 | time 8 | key | number 4
//	                                    value  1 | for each: length uvarint | value | headers uvarint |
//	                                           for each: length uvarint | key | length + 1 uvarint, 0 for nil | 0 | value
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
