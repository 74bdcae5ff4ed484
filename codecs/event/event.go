package event

// The limits of an event.
const (
	MaxBytes   = 1 << 20      // of the whole value
	MaxAhead   = 5 * 60_000   // ms that ts may be after the append time
	maxID      = 64           // bytes, unescaped
	maxUnit    = 256          // bytes, unescaped
	earliestTS = 946684800000 // 2000-01-01T00:00:00Z
)

// The types with a meaning of their own; every other type is a metric event.
const (
	exposure = "exposure"
	retract  = "retract"
)

// Event is one event. Its slices alias the scanned data or the scanner's memory: they are valid until the next Scan
// of that scanner and as long as the data is. A field that is missing, of the wrong type or over its limit is empty.
type Event struct {
	ID, Type, Unit, Experiment, Variant, Ref, Reason []byte

	Time          int64 // event time, Unix ms; 0 with BadTS
	ConfigVersion int64 // 0: absent, or not a positive integer
	Value         Decimal
	HasValue      bool // false: missing, null, or BadValue

	// OddExperiment and OddVariant: the key is there, but not with a string, so it is unknown rather than absent.
	OddExperiment, OddVariant bool

	Props []Prop // the top level of props in the order of the text; of duplicate keys the last
	Fault Fault  // None, or the first fault that the bytes show

	scratch []byte // unescaped strings of an event that Judged filled
}

// Prop is one member of props.
type Prop struct {
	Key  []byte // unescaped
	Text []byte // as Kind says
	Kind PropKind
}

// PropKind says what the Text of a Prop is.
type PropKind uint8

// The kinds of props.
const (
	String  PropKind = iota // a string: Text is unescaped
	Literal                 // a number, true or false: Text is the literal as written
	Other                   // null, an object or an array: Text is its JSON as written
)

// Exposure reports whether the event is a unit's exposure to a variant.
func (e *Event) Exposure() bool { return string(e.Type) == exposure }

// Retraction reports whether the event takes back the event named by Ref.
func (e *Event) Retraction() bool { return string(e.Type) == retract }

// Tagged reports whether the event is a metric event that names its experiment and variant itself. Without a unit
// only such an event is good; with one it is for the experiment's definition to say whether the tag counts.
func (e *Event) Tagged() bool {
	return len(e.Experiment) > 0 && len(e.Variant) > 0 && !e.Exposure() && !e.Retraction()
}

// Judge returns the event's fault once its append time (Unix ms) is known: TSFuture where that precedes what the
// bytes show, else Fault as it is. An event exactly MaxAhead before its time is good.
func (e *Event) Judge(appended int64) Fault {
	if e.Fault != None && e.Fault < TSFuture {
		return e.Fault
	}
	if e.Time > appended+MaxAhead {
		return TSFuture
	}
	return e.Fault
}

// Where reports whether the prop named key is the string text, or a number, true or false written as text.
func (e *Event) Where(key, text string) bool {
	for i := range e.Props {
		if p := &e.Props[i]; string(p.Key) == key {
			return p.Kind != Other && string(p.Text) == text
		}
	}
	return false
}

// judge returns the first fault that a well-formed event's fields show.
func (e *Event) judge(timed, badValue bool) Fault {
	switch {
	case len(e.ID) == 0:
		return NoID
	case len(e.Type) == 0:
		return NoType
	case !timed:
		return BadTS
	case e.Time < earliestTS:
		return TSPast
	case badValue:
		return BadValue
	case len(e.Unit) == 0 && !e.Tagged():
		return NoUnit
	case len(e.Ref) == 0 && e.Retraction():
		return BadRef
	}
	return None
}

// reset empties e and keeps its capacity.
func (e *Event) reset() { *e = Event{Props: e.Props[:0]} }
