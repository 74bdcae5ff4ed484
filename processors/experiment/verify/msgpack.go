package verify

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// deepest is how far arrays and maps may be nested, as in encoding/json.
const deepest = 10_000

// beginsMap says whether a value begins as a map of MessagePack, which no JSON does.
func beginsMap(value []byte) bool {
	return len(value) > 0 && (msgpcode.IsFixedMap(value[0]) || value[0] == msgpcode.Map16 || value[0] == msgpcode.Map32)
}

// unpack is the JSON that an event in MessagePack says; ok is false if it is not exactly one map with keys that are str.
func unpack(value []byte) (text []byte, ok bool) {
	u := unpacker{in: bytes.NewReader(value)}
	u.dec = msgpack.NewDecoder(u.in)
	err := u.value(1, "")
	return u.out.Bytes(), err == nil && u.in.Len() == 0
}

// unpacker reads by the library, but decides by the first byte of each value: the library takes bin for a string, and nil for anything.
type unpacker struct {
	in  *bytes.Reader
	dec *msgpack.Decoder
	out bytes.Buffer
}

var errForm = errors.New("not MessagePack that JSON can say")

// value writes the JSON of the next value; key is that of the event's own field, at depth 2.
func (u *unpacker) value(depth int, key string) error {
	code, err := u.dec.PeekCode()
	if err != nil {
		return err
	}
	switch {
	case msgpcode.IsString(code):
		return u.text()
	case msgpcode.IsFixedMap(code) || code == msgpcode.Map16 || code == msgpcode.Map32:
		return u.members(depth, "{}", u.dec.DecodeMapLen)
	case msgpcode.IsFixedArray(code) || code == msgpcode.Array16 || code == msgpcode.Array32:
		return u.members(depth, "[]", u.dec.DecodeArrayLen)
	case msgpcode.IsBin(code):
		_, err = u.dec.DecodeBytes()
		u.without(key)
		return err
	case msgpcode.IsExt(code):
		return u.ext(key)
	}
	return u.scalar(code, key)
}

// scalar writes a number, a boolean or null.
func (u *unpacker) scalar(code byte, key string) error {
	var v any
	var err error
	switch code {
	case msgpcode.Nil:
		err = u.dec.DecodeNil()
	case msgpcode.True, msgpcode.False:
		v, err = u.dec.DecodeBool()
	case msgpcode.Float:
		var f float32
		f, err = u.dec.DecodeFloat32()
		if v = f; math.IsInf(float64(f), 0) || f != f {
			u.without(key)
			return err
		}
	case msgpcode.Double:
		var f float64
		f, err = u.dec.DecodeFloat64()
		if v = f; math.IsInf(f, 0) || f != f {
			u.without(key)
			return err
		}
	case msgpcode.Uint64:
		v, err = u.dec.DecodeUint64()
	case 0xc1:
		return errForm
	default:
		v, err = u.dec.DecodeInt64()
	}
	return errors.Join(err, u.write(v))
}

func (u *unpacker) write(v any) error {
	text, err := json.Marshal(v)
	u.out.Write(text)
	return err
}

// without stands for a value that JSON has not: as value it is bad, elsewhere as null.
func (u *unpacker) without(key string) {
	if key == "value" {
		u.out.WriteString("false")
		return
	}
	u.out.WriteString("null")
}

func (u *unpacker) text() error {
	s, err := u.dec.DecodeString()
	if err != nil || !utf8.ValidString(s) {
		return errors.Join(errForm, err)
	}
	return u.write(s)
}

// members writes an array or a map.
func (u *unpacker) members(depth int, brackets string, length func() (int, error)) error {
	n, err := length()
	if err != nil || depth > deepest {
		return errors.Join(errForm, err)
	}
	u.out.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			u.out.WriteByte(',')
		}
		key := ""
		if brackets == "{}" {
			if key, err = u.key(); err != nil {
				return err
			}
		}
		if depth > 1 {
			key = ""
		}
		if err := u.value(depth+1, key); err != nil {
			return err
		}
	}
	u.out.WriteByte(brackets[1])
	return nil
}

func (u *unpacker) key() (string, error) {
	code, err := u.dec.PeekCode()
	if err != nil || !msgpcode.IsString(code) {
		return "", errors.Join(errForm, err)
	}
	key, err := u.dec.DecodeString()
	if err != nil || !utf8.ValidString(key) {
		return "", errors.Join(errForm, err)
	}
	err = u.write(key)
	u.out.WriteByte(':')
	return key, err
}

// ext writes the timestamp of ts in ms; every other ext is without JSON.
func (u *unpacker) ext(key string) error {
	id, n, err := u.dec.DecodeExtHeader()
	if err != nil || n > u.in.Len() {
		return errors.Join(errForm, err)
	}
	body := make([]byte, n)
	if err := u.dec.ReadFull(body); err != nil {
		return err
	}
	ms, ok := timestamp(body)
	if key != "ts" || id != -1 || !ok {
		u.without(key)
		return nil
	}
	u.out.WriteString(strconv.FormatInt(ms, 10))
	return nil
}

// timestamp is the time of an ext of type -1, by MessagePack's specification, floored to ms.
func timestamp(body []byte) (ms int64, ok bool) {
	var padded [12]byte // 4 bytes of nanoseconds, 8 of seconds
	switch len(body) {
	case 4:
		copy(padded[8:], body)
	case 8:
		both := binary.BigEndian.Uint64(body)
		binary.BigEndian.PutUint32(padded[:], uint32(both>>34))
		binary.BigEndian.PutUint64(padded[4:], both<<30>>30)
	case 12:
		copy(padded[:], body)
	default:
		return 0, false
	}
	nanos, seconds := int64(binary.BigEndian.Uint32(padded[:])), int64(binary.BigEndian.Uint64(padded[4:]))
	const most = math.MaxInt64/1000 - 1
	return seconds*1000 + nanos/1_000_000, nanos < 1_000_000_000 && seconds <= most && seconds >= -most
}
