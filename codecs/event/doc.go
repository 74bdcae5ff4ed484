// Package event reads and writes the event record: what producers send to the events topic, one JSON object or
// MessagePack map a record.
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
//
// # MessagePack
//
// A value whose first byte begins a MessagePack map (0x80 to 0x8f, 0xde, 0xdf, which begin no JSON) is one; no header
// is looked at, so both kinds may share a topic. It is read as the JSON that it says, with the same faults and the same
// [Event.Content], so that an event may come again in the other encoding:
//
//	str           a string, which must be UTF-8; the keys of all maps must be str
//	integers      a number, exactly
//	floats        the number that encoding/json writes for it: 0.1 is 0.1, and 1.79e12 is the integer 1790000000000,
//	              as producers send it whose only numbers are floats. To be exact, send value as a decimal str.
//	timestamp     the ext of type -1: of ts alone, floored to ms
//	bin, other ext, infinities, NaN
//	              no JSON: in a field a value of the wrong type, in props null
//
// What is no such map, or has bytes behind it, is [NotMsgPack]. [AppendMsgPack] writes one.
package event
