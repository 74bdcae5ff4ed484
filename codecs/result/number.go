package result

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Number is a float64 that may be absent or null. The zero value is absent: out of the JSON where the field may be
// left out, else null.
type Number struct {
	value float64
	state state
}

type state uint8

const (
	absent state = iota
	null
	present
)

// Null is the number that is not available.
var Null = Number{state: null}

// Num returns x as a Number: Null if x is NaN or infinite; -0 becomes 0.
func Num(x float64) Number {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Null
	}
	if x == 0 {
		x = 0
	}
	return Number{value: x, state: present}
}

// Float returns the value; ok is false, and x NaN, if there is none.
func (n Number) Float() (x float64, ok bool) {
	if n.state != present {
		return math.NaN(), false
	}
	return n.value, true
}

// String returns the shortest text that reads back equal, as in the JSON; "null" if there is no value.
func (n Number) String() string { return string(n.append(nil)) }

// append writes a float as encoding/json does, so that every float of a record has the same form.
func (n Number) append(dst []byte) []byte {
	if n.state != present {
		return append(dst, "null"...)
	}
	abs := math.Abs(n.value)
	if abs == 0 || abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, n.value, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, n.value, 'e', -1, 64)
	if i := len(dst) - 4; i > 0 && string(dst[i:i+3]) == "e-0" {
		dst = append(dst[:i+2], dst[i+3]) // e-09 is e-9
	}
	return dst
}

// MarshalJSON returns what String does.
func (n Number) MarshalJSON() ([]byte, error) { return n.append(nil), nil }

// UnmarshalJSON reads a number or null.
func (n *Number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = Null
		return nil
	}
	var x float64
	if err := json.Unmarshal(data, &x); err != nil {
		return fmt.Errorf("result: number: %w", err)
	}
	*n = Num(x)
	return nil
}

// Interval is a lower and an upper bound; one that is Null is unbounded. The zero value is absent.
type Interval [2]Number

// Between returns the interval from lo to hi. A bound that is NaN or infinite is Null.
func Between(lo, hi float64) Interval { return Interval{Num(lo), Num(hi)} }

// MarshalJSON returns [lo,hi], or null if neither bound is there.
func (v Interval) MarshalJSON() ([]byte, error) {
	if v[0].state != present && v[1].state != present {
		return []byte("null"), nil
	}
	dst := append(v[0].append([]byte{'['}), ',')
	return append(v[1].append(dst), ']'), nil
}

// UnmarshalJSON reads [lo,hi] or null.
func (v *Interval) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*v = Interval{Null, Null}
		return nil
	}
	var bounds []Number
	if err := json.Unmarshal(data, &bounds); err != nil {
		return fmt.Errorf("result: interval: %w", err)
	}
	if len(bounds) != 2 {
		return fmt.Errorf("result: interval: %d bounds, want 2", len(bounds))
	}
	*v = Interval(bounds)
	return nil
}
