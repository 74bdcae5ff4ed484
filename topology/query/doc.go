// Package query reads the stores of an app from outside: in the types of its codecs here, or over HTTP, where any instance
// answers for any key, as it forwards to the instance that has it.
//
// Both show what the operators forward, and not the rows that they keep: of an aggregate or a table the value of each key,
// of a versioned table the newest or that of a time, of windows and sessions the results of those that are open.
//
//	counts := query.Keys(store, codecs.String, codecs.Int64)      of app.Store("counts")
//	n, ok, err := counts.Get(ctx, "ann")                          Kafka Streams: ReadOnlyKeyValueStore
//	minutes := query.Windows(store, codecs.String, codecs.Int64)  ReadOnlyWindowStore, ReadOnlySessionStore
//	for e, err := range minutes.Fetch(ctx, "ann", from, to) {
//
// Views read what the instance holds. Over HTTP:
//
//	GET /stores/{store}/row?key=…     the value, as bytes
//	GET /stores/{store}/rows          values of this and all other instances, one JSON object a line
//
// Keys are percent-encoded bytes; that of a window is one of processors.WindowedCodec. Parameters of both are partition, a
// number: where a key lies that is not in the partition of its records; and stale, a duration as 2s: a standby here
// answers too, if it has all that was committed that long ago (worker.Store.Stale). Times are Unix ms or RFC 3339.
//
//	row    as_of         what held at a time, with Abacus-Since and Abacus-Until in ms, this unless it still holds
//	rows   key           all windows of the records of a key
//	       from, to      from <= key of records < to
//	       since, until  of windows: since <= start < until
//	       reverse=true
//
// A line of rows is {"partition":0,"key":"…","value":"…"}, bytes in base 64, of windows also with "record", the key of the
// records, "start" and "end"; or as its last one {"error":"…"} where the rest is missing.
//
// Answers: 200; 404 no such key (Abacus-Missing: key) or store (Abacus-Missing: store); 400 a parameter that does not
// parse, a key of another form or a time to a store without versions; 421 asked by another instance for a partition that
// is not held here; 503 while a task is restored or the group rebalances, to be asked again; 504 when the time was up.
//
// There is no authentication: serve it where only those can reach it that may read all stores.
package query
