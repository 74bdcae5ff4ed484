// Package load makes streams of events whose truth is known: which variants differ and by how much, and what a
// processor that loses and repeats nothing must have counted in the end.
//
// A [Generator] is a function of its [Config] and of the times it is given: the same seed makes the same events in
// the same order, and with a rate also the same times. Units arrive, are exposed to one experiment each, and some of
// them purchase a little later. Shares of the events come twice, come late (with an older time, inside grace), or
// belong to an experiment by event (tagged, without a unit).
//
// The generator counts slots: one event leaves per slot, and what happens later is put into the bucket of a later
// slot of a wheel. So there is no clock in it, no heap, and hardly an allocation.
package load
