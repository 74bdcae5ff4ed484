package units

import (
	"errors"

	"github.com/abacus-stream/abacus/codecs/event"
)

// faults say what a producer has to mend, where the reason alone is the cause of a dead letter.
var faults = map[event.Fault]error{
	event.TooLarge:          errors.New("the value has more than 1 MiB"),
	event.NotJSON:           errors.New("the value is not exactly one JSON object in UTF-8"),
	event.NotMsgPack:        errors.New("the value is not exactly one MessagePack map with str keys, all str in UTF-8"),
	event.NoID:              errors.New("id is missing, empty, not a string, or over 64 bytes"),
	event.NoType:            errors.New("type is missing, empty, or not a string"),
	event.BadTS:             errors.New("ts is neither an integer of milliseconds nor RFC 3339 with zone"),
	event.TSPast:            errors.New("ts is before 2000-01-01"),
	event.TSFuture:          errors.New("ts is further ahead of the append time than is allowed"),
	event.BadValue:          errors.New("value is neither a number, a decimal string nor null"),
	event.NoUnit:            errors.New("unit is missing, empty, not a string, or over 256 bytes"),
	event.UnknownExperiment: errors.New("the registry has no such experiment"),
	event.UnknownVariant:    errors.New("the experiment has no such variant"),
	event.ValueOutOfRange:   errors.New("the value at the metric's decimals is beyond 2^53"),
	event.BadRef:            errors.New("ref is missing, empty, or not a string"),
	event.RetractTooLate:    errors.New("the retraction came too late"),
}

// fail makes the event at hand a dead letter; a nil cause stands for what the fault says.
func (p *processor) fail(fault event.Fault, cause error) {
	if cause == nil {
		cause = faults[fault]
	}
	if p.waited {
		p.ctx.Reject(p.src, fault.String(), cause)
		return
	}
	p.ctx.DeadLetter(fault.String(), cause)
}
