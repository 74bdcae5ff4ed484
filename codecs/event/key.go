package event

import "encoding/binary"

// field is one of the keys that an event knows.
type field uint8

const (
	unknown field = iota
	fieldID
	fieldType
	fieldUnit
	fieldExperiment
	fieldVariant
	fieldRef
	fieldReason
	fieldTS
	fieldConfigVersion
	fieldValue
	fieldProps
)

// fieldOf returns the field of an unescaped key.
func fieldOf(key []byte) field {
	switch string(key) {
	case "id":
		return fieldID
	case "type":
		return fieldType
	case "unit":
		return fieldUnit
	case "experiment":
		return fieldExperiment
	case "variant":
		return fieldVariant
	case "ref":
		return fieldRef
	case "reason":
		return fieldReason
	case "ts":
		return fieldTS
	case "config_version":
		return fieldConfigVersion
	case "value":
		return fieldValue
	case "props":
		return fieldProps
	}
	return unknown
}

// The keys with their closing quotes, their first eight bytes at most, as a little-endian load sees them.
const (
	wordID         = 'i' | 'd'<<8 | '"'<<16
	wordTS         = 't' | 's'<<8 | '"'<<16
	wordType       = 't' | 'y'<<8 | 'p'<<16 | 'e'<<24 | '"'<<32
	wordUnit       = 'u' | 'n'<<8 | 'i'<<16 | 't'<<24 | '"'<<32
	wordProps      = 'p' | 'r'<<8 | 'o'<<16 | 'p'<<24 | 's'<<32 | '"'<<40
	wordValue      = 'v' | 'a'<<8 | 'l'<<16 | 'u'<<24 | 'e'<<32 | '"'<<40
	wordVariant    = 'v' | 'a'<<8 | 'r'<<16 | 'i'<<24 | 'a'<<32 | 'n'<<40 | 't'<<48 | '"'<<56
	wordExperiment = 'e' | 'x'<<8 | 'p'<<16 | 'e'<<24 | 'r'<<32 | 'i'<<40 | 'm'<<48 | 'e'<<56

	bytes3, bytes5, bytes6 = 1<<24 - 1, 1<<40 - 1, 1<<48 - 1
)

// quickKey recognises the frequent keys, written plainly with the colon behind, by one load, and returns the index
// of the colon. What it does not know is for the careful path.
func quickKey(data []byte, i int) (f field, colon int) {
	if i+12 >= len(data) || data[i] != '"' {
		return unknown, i
	}
	w := binary.LittleEndian.Uint64(data[i+1:])
	switch {
	case w&bytes3 == wordID:
		f, colon = fieldID, i+4
	case w&bytes3 == wordTS:
		f, colon = fieldTS, i+4
	case w&bytes5 == wordType:
		f, colon = fieldType, i+6
	case w&bytes5 == wordUnit:
		f, colon = fieldUnit, i+6
	case w&bytes6 == wordProps:
		f, colon = fieldProps, i+7
	case w&bytes6 == wordValue:
		f, colon = fieldValue, i+7
	case w == wordVariant:
		f, colon = fieldVariant, i+9
	case w == wordExperiment && string(data[i+9:i+12]) == `nt"`:
		f, colon = fieldExperiment, i+12
	}
	if data[colon] != ':' {
		return unknown, i
	}
	return f, colon
}
