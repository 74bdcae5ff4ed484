package event

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/cespare/xxhash/v2"
)

// Content returns a 64-bit hash of everything the event says but its id: two events of one id with unequal content
// are a conflict. Equal are numbers of equal value, whatever their form, and props in any order; of nested props the
// white space, the order of keys and the escapes do not matter, the spelling of numbers does.
func (e *Event) Content() uint64 {
	var room [512]byte
	b := room[:0]
	for _, field := range [...][]byte{e.Type, e.Unit, e.Experiment, e.Variant, e.Ref, e.Reason} {
		b = appendSized(b, field)
	}
	b = binary.AppendVarint(b, e.Time)
	b = binary.AppendVarint(b, e.ConfigVersion)
	b = append(b, flag(e.OddExperiment)|flag(e.OddVariant)<<1|flag(e.HasValue)<<2)
	if e.HasValue {
		b = appendNormal(b, e.Value)
	}
	h := xxhash.Sum64(b)
	for i := range e.Props { // a sum, so in any order
		h += e.Props[i].content()
	}
	return h
}

func (p *Prop) content() uint64 {
	var room [256]byte
	b := appendSized(append(room[:0], byte(p.Kind)), p.Key)
	if p.Kind == Other {
		return xxhash.Sum64(append(b, canonical(p.Text)...))
	}
	return xxhash.Sum64(append(b, p.Text...))
}

// canonical returns the one form of a JSON value; of what is none, as a hand-made Event may hold, the text itself.
func canonical(text []byte) []byte {
	if string(text) == "null" {
		return text
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return text
	}
	out, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return out
}

func appendSized(b, field []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(field))), field...)
}

func appendNormal(b []byte, d Decimal) []byte {
	d = d.normal()
	b = append(b, flag(d.neg))
	b = binary.AppendUvarint(b, d.coef)
	b = binary.AppendVarint(b, d.exp)
	for _, c := range d.tail {
		if c != '.' {
			b = append(b, c)
		}
	}
	return b
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}
