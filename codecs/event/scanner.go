package event

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Scanner reads events. The zero value is ready; one goroutine at a time. It owns the memory of unescaped strings,
// so an Event it filled is valid until its next Scan.
type Scanner struct {
	data     []byte
	scratch  []byte // unescaped strings; earlier ones keep the older array when it grows
	timed    bool   // ts was good
	badValue bool
}

// Scan reads data, the value of one record, into ev and judges it: ev.Fault is None or the first fault that the
// bytes show. With TooLarge, NotJSON and NotMsgPack ev is empty otherwise; with any other fault its good fields are set.
func (s *Scanner) Scan(data []byte, ev *Event) {
	ev.reset()
	if len(data) > MaxBytes {
		ev.Fault = TooLarge
		return
	}
	s.data, s.scratch = data, s.scratch[:0]
	s.timed, s.badValue = false, false
	malformed := None
	if !s.object(ev) { // of MessagePack it has read nothing
		malformed = s.packed(ev)
	}
	s.data = nil
	if malformed != None {
		ev.reset()
		ev.Fault = malformed
		return
	}
	ev.Fault = ev.judge(s.timed, s.badValue)
}

// object reads the event's object, which must be all there is.
func (s *Scanner) object(ev *Event) bool {
	i := space(s.data, 0)
	if i >= len(s.data) || s.data[i] != '{' {
		return false
	}
	i, more := open(s.data, i, '}')
	for more {
		f, at := s.key(i)
		if at < 0 {
			return false
		}
		if i = s.field(f, at, ev); i < 0 {
			return false
		}
		i, more = next(s.data, i, '}')
	}
	return i >= 0 && space(s.data, i) == len(s.data)
}

// key reads a member's key up to the start of its value.
func (s *Scanner) key(i int) (f field, at int) {
	if f, at = quickKey(s.data, i); f != unknown {
		return f, space(s.data, at+1)
	}
	key, plain, at := member(s.data, i)
	if at >= 0 && !plain {
		key = s.unescape(key)
	}
	return fieldOf(key), at
}

// field reads the value at i of the field f; of duplicates the last one stays.
func (s *Scanner) field(f field, i int, ev *Event) int {
	switch f {
	case fieldID:
		ev.ID, i = s.text(i, maxID)
	case fieldType:
		ev.Type, i = s.text(i, MaxBytes)
	case fieldUnit:
		ev.Unit, i = s.text(i, maxUnit)
	case fieldExperiment:
		ev.OddExperiment = i < len(s.data) && s.data[i] != '"'
		ev.Experiment, i = s.text(i, MaxBytes)
	case fieldVariant:
		ev.OddVariant = i < len(s.data) && s.data[i] != '"'
		ev.Variant, i = s.text(i, MaxBytes)
	case fieldRef:
		ev.Ref, i = s.text(i, MaxBytes)
	case fieldReason:
		ev.Reason, i = s.text(i, MaxBytes)
	case fieldTS:
		i = s.time(i, ev)
	case fieldConfigVersion:
		ev.ConfigVersion, _, i = s.integer(i)
		ev.ConfigVersion = max(ev.ConfigVersion, 0)
	case fieldValue:
		i = s.value(i, ev)
	case fieldProps:
		i = s.props(i, ev)
	default:
		i = skip(s.data, i, 1)
	}
	return i
}

// text reads a string of at most limit bytes, unescaped; a longer one, or any other value, is read as nil.
func (s *Scanner) text(i, limit int) ([]byte, int) {
	if i >= len(s.data) || s.data[i] != '"' {
		return nil, skip(s.data, i, 1)
	}
	end, plain := stringEnd(s.data, i+1)
	if end < 0 {
		return nil, -1
	}
	t := s.data[i+1 : end : end]
	if !plain {
		t = s.unescape(t)
	}
	if len(t) > limit {
		t = nil
	}
	return t, end + 1
}

// integer reads an integer literal that an int64 holds; any other value is read as 0 and not ok.
func (s *Scanner) integer(i int) (n int64, ok bool, end int) {
	if i >= len(s.data) || s.data[i] != '-' && s.data[i]-'0' > 9 {
		return 0, false, skip(s.data, i, 1)
	}
	if n, end := digits(s.data, i, 0); end-i <= 18 && s.data[i] > '0' && end < len(s.data) && s.data[end] == ',' {
		return int64(n), true, end // the usual form
	}
	d, plain, end := number(s.data, i)
	if plain {
		n, ok = d.integer()
	}
	return n, ok, end
}

// time reads ts: an integer of milliseconds, or a string as time.RFC3339Nano parses it, floored to milliseconds.
func (s *Scanner) time(i int, ev *Event) int {
	if i >= len(s.data) || s.data[i] != '"' {
		ev.Time, s.timed, i = s.integer(i)
		return i
	}
	text, i := s.text(i, MaxBytes)
	ev.Time, s.timed = parseTime(text)
	return i
}

// value reads a number, or a string that holds one; null is as no value.
func (s *Scanner) value(i int, ev *Event) int {
	ev.Value, ev.HasValue, s.badValue = Decimal{}, false, false
	if i >= len(s.data) {
		return -1
	}
	switch c := s.data[i]; {
	case c == '"':
		var text []byte
		text, i = s.text(i, MaxBytes)
		ev.Value, ev.HasValue = ParseDecimal(text)
		s.badValue = !ev.HasValue
		return i
	case c == '-' || c-'0' <= 9:
		ev.Value, _, i = number(s.data, i)
		ev.HasValue = true
		return i
	default:
		s.badValue = c != 'n'
		return skip(s.data, i, 1)
	}
}

// unescape appends the text of a well-formed string to the scratch. Lone surrogates become U+FFFD.
func (s *Scanner) unescape(t []byte) []byte {
	start := len(s.scratch)
	for i := 0; i < len(t); {
		if t[i] != '\\' {
			s.scratch = append(s.scratch, t[i])
			i++
			continue
		}
		c := t[i+1]
		i += 2
		if c != 'u' {
			s.scratch = append(s.scratch, plainEscape(c))
			continue
		}
		r := hex4(t[i:])
		i += 4
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if len(t)-i >= 6 && t[i] == '\\' && t[i+1] == 'u' {
				pair = utf16.DecodeRune(r, hex4(t[i+2:]))
			}
			if r = pair; r != utf8.RuneError {
				i += 6
			}
		}
		s.scratch = utf8.AppendRune(s.scratch, r)
	}
	return s.scratch[start:len(s.scratch):len(s.scratch)]
}

// plainEscape returns the byte that a backslash and c stand for.
func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
