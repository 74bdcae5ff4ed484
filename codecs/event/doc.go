// Package event reads and writes the event record: what producers send to the events topic, one JSON object a
// record.
//
//	{"id":"01JE0K","type":"purchase","unit":"u42","value":12.34,"ts":1790000000999,"props":{"currency":"EUR"}}
//
// A [Scanner] reads it in one pass without allocating, judges what can be judged from the bytes alone, and names
// the first [Fault] by the order of precedence; an [Event] then holds the fields. What needs the registry or a
// unit's state (an unknown experiment, a value beyond range for a metric) is judged where these are known, in the
// words of the same type.
//
// The scanner accepts what encoding/json accepts into a map, and valid UTF-8 only: keys in exact case, the last of
// duplicate keys, nesting to 10,000, unknown fields of any valid form. Its common case is strings without escapes,
// which alias the data; strings with escapes are unescaped into the scanner's own memory. Neither allocates once
// the scanner is warm. Props beyond 32 in one event cost a map; a value beyond 19 significant digits keeps its text.
package event
