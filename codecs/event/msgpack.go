package event

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// packed reads what is no JSON object as MessagePack, and says what it is if it is none.
func (s *Scanner) packed(ev *Event) Fault {
	switch {
	case !isPacked(s.data):
		return NotJSON
	case !s.packedObject(ev):
		return NotMsgPack
	}
	return None
}

// packedObject reads the MessagePack map of an event, which must be all there is.
func (s *Scanner) packedObject(ev *Event) bool {
	v, i := readPacked(s.data, 0)
	for n := v.n; n > 0 && i >= 0; n-- {
		key, at := quickStr(s.data, i)
		if at < 0 {
			key, at = packedKey(s.data, i)
		}
		f := fieldOf(key)
		if at < 0 || f == unknown && !utf8.Valid(key) {
			return false
		}
		i = s.packedField(f, at, ev)
	}
	return i == len(s.data)
}

// packedField reads the value at i of the field f; of duplicates the last one stays.
func (s *Scanner) packedField(f field, i int, ev *Event) int {
	switch f {
	case fieldID:
		ev.ID, _, i = s.packedText(i, maxID)
	case fieldType:
		ev.Type, _, i = s.packedText(i, MaxBytes)
	case fieldUnit:
		ev.Unit, _, i = s.packedText(i, maxUnit)
	case fieldExperiment:
		ev.Experiment, ev.OddExperiment, i = s.packedText(i, MaxBytes)
	case fieldVariant:
		ev.Variant, ev.OddVariant, i = s.packedText(i, MaxBytes)
	case fieldRef:
		ev.Ref, _, i = s.packedText(i, MaxBytes)
	case fieldReason:
		ev.Reason, _, i = s.packedText(i, MaxBytes)
	case fieldProps:
		i = s.packedProps(i, ev)
	default:
		return s.packedNumberField(f, i, ev)
	}
	return i
}

// packedNumberField reads the value at i of a field that is no text, or is unknown.
func (s *Scanner) packedNumberField(f field, i int, ev *Event) int {
	if f == fieldTS && i+9 <= len(s.data) && s.data[i] == 0xcf && s.data[i+1] < 0x80 { // the usual form
		ev.Time, s.timed = int64(binary.BigEndian.Uint64(s.data[i+1:])), true
		return i + 9
	}
	v, i := readPacked(s.data, i)
	if i < 0 {
		return -1
	}
	switch f {
	case fieldTS:
		ev.Time, s.timed = s.packedTime(v)
	case fieldConfigVersion:
		n, _ := s.packedInteger(v)
		ev.ConfigVersion = max(n, 0)
	case fieldValue:
		s.packedValue(v, ev)
	}
	return v.skipMembers(s.data, i, 2)
}

// packedText reads a str of at most limit bytes; a longer one is read as nil, any other value as nil and odd.
func (s *Scanner) packedText(i, limit int) (text []byte, odd bool, end int) {
	if text, end = quickStr(s.data, i); end < 0 {
		v, at := readPacked(s.data, i)
		if at < 0 {
			return nil, true, -1
		}
		text, odd, end = v.text(), v.kind != packedStr, v.skipMembers(s.data, at, 2)
	} else if !utf8.Valid(text) {
		return nil, true, -1
	}
	if len(text) > limit {
		text = nil
	}
	return text, odd, end
}

// packedInteger is an integer that an int64 holds, or a float whose JSON is one; anything else is 0 and not ok.
func (s *Scanner) packedInteger(v packed) (n int64, ok bool) {
	switch v.kind {
	case packedInt:
		return int64(v.n), true
	case packedUint:
		if v.n > math.MaxInt64 {
			return 0, false
		}
		return int64(v.n), true
	case packedFloat, packedDouble:
		d, plain, ok := s.packedNumber(v)
		if !ok || !plain {
			return 0, false
		}
		return d.integer()
	}
	return 0, false
}

// packedNumber is a number as its JSON says it; plain: digits and perhaps a minus, nothing else.
func (s *Scanner) packedNumber(v packed) (d Decimal, plain, ok bool) {
	switch {
	case v.kind == packedUint && v.n < 1e19:
		return Decimal{coef: v.n}, true, true
	case v.kind == packedInt:
		return NewDecimal(int64(v.n), 0), true, true
	}
	text := s.packedLiteral(v)
	d, plain, end := number(text, 0)
	if end < 0 { // no literal, or true or false
		return Decimal{}, false, false
	}
	return d, plain, true
}

// farthestSecond is the magnitude of seconds beyond which an int64 holds no milliseconds.
const farthestSecond = math.MaxInt64/1000 - 1

// packedTime reads ts: an integer of milliseconds, a str as RFC 3339, or MessagePack's timestamp, floored to ms.
func (s *Scanner) packedTime(v packed) (ms int64, ok bool) {
	switch v.kind {
	case packedStr:
		return parseTime(v.body)
	case packedExt:
		return timestamp(v.body)
	}
	return s.packedInteger(v)
}

// timestamp reads an ext of type -1 in one of its three lengths.
func timestamp(ext []byte) (ms int64, ok bool) {
	if ext[0] != 0xff {
		return 0, false
	}
	var seconds, nanos int64
	switch ext = ext[1:]; len(ext) {
	case 4:
		seconds = int64(binary.BigEndian.Uint32(ext))
	case 8:
		both := binary.BigEndian.Uint64(ext)
		seconds, nanos = int64(both&(1<<34-1)), int64(both>>34)
	case 12:
		nanos, seconds = int64(binary.BigEndian.Uint32(ext)), int64(binary.BigEndian.Uint64(ext[4:]))
	default:
		return 0, false
	}
	if nanos >= 1e9 || seconds > farthestSecond || seconds < -farthestSecond {
		return 0, false
	}
	return seconds*1000 + nanos/1e6, true
}

// packedValue reads value: a number, or a str that holds one; nil is as no value.
func (s *Scanner) packedValue(v packed, ev *Event) {
	switch v.kind {
	case packedNil:
		ev.Value, ev.HasValue = Decimal{}, false
	case packedStr:
		ev.Value, ev.HasValue = ParseDecimal(v.body)
	default:
		ev.Value, _, ev.HasValue = s.packedNumber(v)
	}
	s.badValue = !ev.HasValue && v.kind != packedNil
}
