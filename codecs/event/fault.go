package event

// Fault is why an event is a dead letter. Faults are ordered by precedence: of several, the smallest is the reason.
type Fault uint8

// The faults in their order of precedence. Those from UnknownExperiment to RetractTooLate, but for BadRef, need more
// than the event's bytes; TSFuture needs its append time.
const (
	None              Fault = iota // the event is good
	TooLarge                       // more than MaxBytes
	NotJSON                        // not exactly one JSON object in UTF-8
	NotMsgPack                     // begins as a MessagePack map and is not exactly one, with str keys in UTF-8
	NoID                           // id missing, empty, not a string, or over 64 bytes
	NoType                         // type missing, empty, or not a string
	BadTS                          // ts neither an integer of milliseconds nor RFC 3339 with zone
	TSPast                         // ts before 2000-01-01
	TSFuture                       // ts more than MaxAhead after the append time
	BadValue                       // value neither a number, a decimal string nor null
	NoUnit                         // unit missing, empty, not a string, or over 256 bytes, on an event that needs one
	UnknownExperiment              // no such experiment
	UnknownVariant                 // no such variant in the experiment
	ValueOutOfRange                // scaled value or unit total beyond 2^53
	BadRef                         // a retraction without ref, or of what cannot be retracted
	RetractTooLate                 // a retraction after maturity, or without its target in time
)

var reasons = [...]string{
	None: "", TooLarge: "too_large", NotJSON: "not_json", NotMsgPack: "not_msgpack", NoID: "no_id", NoType: "no_type", BadTS: "bad_ts",
	TSPast: "ts_past", TSFuture: "ts_future", BadValue: "bad_value", NoUnit: "no_unit",
	UnknownExperiment: "unknown_experiment", UnknownVariant: "unknown_variant",
	ValueOutOfRange: "value_out_of_range", BadRef: "bad_ref", RetractTooLate: "retract_too_late",
}

// String returns the reason as dead letters carry it, such as "no_unit"; of None it is empty.
func (f Fault) String() string {
	if int(f) >= len(reasons) {
		return "unknown_fault"
	}
	return reasons[f]
}
