package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// event is one event as the bytes of its record tell it.
type event struct {
	id, kind, unit, ref string
	experiment, variant string // empty: missing, or not a string
	reason              string // why the unit has its variant
	ts, version         int64  // version 0: absent or not a positive integer
	value               *decimal
	props               map[string]prop
	content             [sha256.Size]byte // of everything but the id

	partition int32
	offset    int64
	appended  int64
	arrived   int64 // forwarded: stream time of the task that forwarded it; else 0
}

// prop is one top-level member of props: the unescaped text of a string, the literal of a number or boolean.
type prop struct {
	text     string
	form     byte // 's' string, 'l' literal, 'o' null, object or array
	original string
}

// Types with a meaning of their own.
const (
	exposure   = "exposure"
	retract    = "retract"
	endOfInput = "abacus.end_of_input"
)

const (
	maxBytes   = 1 << 20
	maxID      = 64
	maxUnit    = 256
	earliestTS = 946684800000 // 2000-01-01T00:00:00Z
)

// metric says whether the event is one that metrics take.
func (e *event) metric() bool { return e.kind != exposure && e.kind != retract && e.kind != endOfInput }

// tagged says whether a metric event names its experiment and variant itself.
func (e *event) tagged() bool { return e.metric() && e.experiment != "" && e.variant != "" }

// where says whether a top-level prop is the given text.
func (e *event) where(key, text string) bool {
	p, ok := e.props[key]
	return ok && p.form != 'o' && p.text == text
}

// fields is the object of an event by exact key; the last of duplicates.
type fields map[string]json.RawMessage

// parse reads the value of a record appended at a time and judges it; reason is empty, or the first fault
// by the order of precedence that needs neither registry nor state.
func parse(rec Record, ahead int64) (e *event, reason string) {
	e = &event{partition: rec.Partition, offset: rec.Offset, appended: rec.Appended}
	if len(rec.Value) > maxBytes {
		return e, "too_large"
	}
	text := rec.Value
	if beginsMap(text) {
		var ok bool
		if text, ok = unpack(text); !ok {
			return e, "not_msgpack"
		}
	}
	f, ok := object(text)
	if !ok {
		return e, "not_json"
	}
	e.id = f.text("id", maxID)
	e.kind = f.text("type", math.MaxInt)
	e.unit = f.text("unit", maxUnit)
	e.experiment = f.text("experiment", math.MaxInt)
	e.variant = f.text("variant", math.MaxInt)
	e.ref = f.text("ref", math.MaxInt)
	e.reason = f.text("reason", math.MaxInt)
	if n, ok := integer(f["config_version"]); ok && n > 0 {
		e.version = n
	}
	ts, timed := f.time()
	e.ts = ts
	value, goodValue := f.number()
	e.value = value
	e.props = f.properties()
	e.content = f.hash(e)
	return e, e.judge(timed, goodValue, ahead)
}

// judge names the first fault.
func (e *event) judge(timed, goodValue bool, ahead int64) string {
	switch {
	case e.id == "":
		return "no_id"
	case e.kind == "":
		return "no_type"
	case !timed:
		return "bad_ts"
	case e.ts < earliestTS:
		return "ts_past"
	case e.ts > e.appended+ahead:
		return "ts_future"
	case !goodValue:
		return "bad_value"
	case e.unit == "" && !e.tagged() && e.kind != endOfInput:
		return "no_unit"
	case e.kind == retract && e.ref == "":
		return "bad_ref"
	}
	return ""
}

// object reads data as exactly one JSON object in UTF-8.
func object(data []byte) (fields, bool) {
	if !utf8.Valid(data) || !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return nil, false
	}
	var f fields
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, false
	}
	return f, true
}

// text is a string of at most limit bytes; anything else is as missing.
func (f fields) text(key string, limit int) string {
	s, ok := stringOf(f[key])
	if !ok || len(s) > limit {
		return ""
	}
	return s
}

func stringOf(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 { // valid JSON and UTF-8, and nothing is escaped
		return string(raw[1 : len(raw)-1]), true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// integer reads an integer literal that an int64 holds.
func integer(raw json.RawMessage) (int64, bool) {
	if bytes.ContainsAny(raw, ".eE\"") {
		return 0, false
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}

// time is ts in Unix ms: an integer, or RFC 3339 with zone floored to ms.
func (f fields) time() (int64, bool) {
	s, ok := stringOf(f["ts"])
	if !ok {
		return integer(f["ts"])
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, false
	}
	return t.UnixMilli(), true
}

// number is value: nil where missing or null, and false where it is anything but a number or a decimal string.
func (f fields) number() (*decimal, bool) {
	raw, there := f["value"]
	if !there || string(raw) == "null" {
		return nil, true
	}
	text, isString := stringOf(raw)
	if !isString {
		text = string(raw)
	}
	d, ok := parseDecimal(text)
	if !ok {
		return nil, false
	}
	return &d, true
}

// properties is the top level of props; anything but an object has none.
func (f fields) properties() map[string]prop {
	var members fields
	if raw := f["props"]; len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &members) != nil {
		return nil
	}
	props := make(map[string]prop, len(members))
	for key, raw := range members {
		props[key] = property(raw)
	}
	return props
}

func property(raw json.RawMessage) prop {
	if s, ok := stringOf(raw); ok {
		return prop{text: s, form: 's', original: s}
	}
	switch raw[0] {
	case '{', '[', 'n':
		return prop{form: 'o', original: normal(raw)}
	}
	return prop{text: string(raw), form: 'l', original: string(raw)}
}

// normal is the one text of a nested value: keys sorted, no white space, numbers as they are spelled.
func normal(raw json.RawMessage) string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return string(raw)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return string(out)
}

// hash is of all that the event says but its id: two events of one id and different hashes are a conflict.
func (f fields) hash(e *event) [sha256.Size]byte {
	said := []string{e.kind, e.unit, e.experiment, e.variant, e.ref, e.reason}
	for _, key := range []string{"experiment", "variant"} {
		_, isString := stringOf(f[key])
		_, there := f[key]
		said = append(said, strconv.FormatBool(there && !isString))
	}
	said = append(said, strconv.FormatInt(e.ts, 10), strconv.FormatInt(e.version, 10))
	if e.value != nil {
		said = append(said, e.value.canonical())
	}
	said = append(said, "props")
	for _, key := range slices.Sorted(maps.Keys(e.props)) {
		p := e.props[key]
		said = append(said, key, string(p.form), p.original)
	}
	var text []byte
	for _, part := range said {
		text = append(binary.AppendUvarint(text, uint64(len(part))), part...)
	}
	return sha256.Sum256(text)
}
