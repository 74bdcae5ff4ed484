package event

import (
	"strconv"
	"unicode/utf8"
)

// Append appends the canonical encoding of e, the one for producers: one line, fields in the order of the
// documentation, empty ones left out, ts as an integer, value as a number. Bytes that are not UTF-8 become U+FFFD.
// What e's Fault says does not matter; a Literal or Other prop must hold JSON.
func Append(dst []byte, e *Event) []byte {
	dst = append(dst, '{')
	dst = appendField(dst, "id", e.ID)
	dst = appendField(dst, "type", e.Type)
	dst = appendField(dst, "unit", e.Unit)
	dst = appendField(dst, "experiment", e.Experiment)
	dst = appendField(dst, "variant", e.Variant)
	dst = appendField(dst, "ref", e.Ref)
	if e.HasValue {
		dst = e.Value.Append(append(dst, `"value":`...))
		dst = append(dst, ',')
	}
	dst = strconv.AppendInt(append(dst, `"ts":`...), e.Time, 10)
	if e.ConfigVersion > 0 {
		dst = strconv.AppendInt(append(dst, `,"config_version":`...), e.ConfigVersion, 10)
	}
	if len(e.Reason) > 0 {
		dst = appendString(append(dst, `,"reason":`...), e.Reason)
	}
	if len(e.Props) > 0 {
		dst = appendProps(append(dst, `,"props":`...), e.Props)
	}
	return append(dst, '}')
}

func appendField(dst []byte, key string, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	dst = append(append(append(dst, '"'), key...), `":`...)
	return append(appendString(dst, text), ',')
}

func appendProps(dst []byte, props []Prop) []byte {
	for i := range props {
		p := &props[i]
		dst = append(dst, "{,"[min(i, 1)])
		dst = append(appendString(dst, p.Key), ':')
		if p.Kind == String {
			dst = appendString(dst, p.Text)
		} else {
			dst = append(dst, p.Text...)
		}
	}
	return append(dst, '}')
}

// appendString appends text as a JSON string.
func appendString(dst, text []byte) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return append(dst, '"')
}
