// Package query serves the stores of an app over HTTP: any instance answers for any key, as it forwards to the
// instance that has it.
//
//	GET /stores/{store}/row?key=…     the value, as bytes
//	GET /stores/{store}/rows          rows of this and all other instances, one JSON object a line
//
// Keys are percent-encoded bytes. A parameter of both is partition, a number: where a row lies that is not in the
// partition of its key; another is stale, a duration as 2s: a standby here answers too, if it has all that was committed
// that long ago (worker.Store.Stale). Of rows, from, to (from <= key < to) and reverse=true are others. A line of rows is
// {"partition":0,"key":"…","value":"…"}, bytes in base 64, or as its last one {"error":"…"} where the rest is missing.
//
// Answers: 200; 404 no such key (Abacus-Missing: key) or store (Abacus-Missing: store); 400 a parameter that does not
// parse; 421 asked by another instance for a partition that is not held here; 503 while a task is restored or the
// group rebalances, to be asked again; 504 when the time was up.
//
// There is no authentication: serve it where only those can reach it that may read all stores.
package query
