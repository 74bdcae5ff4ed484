package event_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// verdict is what the oracle reads: an event by encoding/json into maps, with no code of the scanner's.
type verdict struct {
	ID, Type, Unit, Experiment, Variant, Ref, Reason string
	Time, ConfigVersion                              int64
	Value                                            string // the number's text; "" without one
	OddExperiment, OddVariant                        bool
	Props                                            []oracleProp
	Fault                                            string
}

type oracleProp struct{ Key, Kind, Text string }

var (
	jsonNumber  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	jsonInteger = regexp.MustCompile(`^-?[0-9]+$`)
)

func oracle(data []byte) verdict {
	if len(data) > 1048576 {
		return verdict{Fault: "too_large"}
	}
	var fields map[string]json.RawMessage
	if !utf8.Valid(data) || json.Unmarshal(data, &fields) != nil || fields == nil {
		return verdict{Fault: "not_json"}
	}
	v := verdict{
		ID: text(fields["id"], 64), Type: text(fields["type"], 1<<20), Unit: text(fields["unit"], 256),
		Experiment: text(fields["experiment"], 1<<20), Variant: text(fields["variant"], 1<<20),
		Ref: text(fields["ref"], 1<<20), Reason: text(fields["reason"], 1<<20),
		OddExperiment: odd(fields["experiment"]), OddVariant: odd(fields["variant"]),
		Props: propsOf(fields["props"]),
	}
	if n, err := strconv.ParseInt(string(fields["config_version"]), 10, 64); err == nil && n > 0 {
		v.ConfigVersion = n
	}
	timed, badValue := false, false
	v.Time, timed = timeOf(fields["ts"])
	v.Value, badValue = valueOf(fields["value"])
	v.Fault = v.judge(timed, badValue)
	return v
}

func (v verdict) judge(timed, badValue bool) string {
	special := v.Type == "exposure" || v.Type == "retract"
	for _, rule := range []struct {
		broken bool
		reason string
	}{
		{v.ID == "", "no_id"},
		{v.Type == "", "no_type"},
		{!timed, "bad_ts"},
		{time.UnixMilli(v.Time).Before(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), "ts_past"},
		{badValue, "bad_value"},
		{v.Unit == "" && (special || v.Experiment == "" || v.Variant == ""), "no_unit"},
		{v.Type == "retract" && v.Ref == "", "bad_ref"},
	} {
		if rule.broken {
			return rule.reason
		}
	}
	return ""
}

func anyOf(raw json.RawMessage) (v any, there bool) {
	if raw == nil {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		panic(err)
	}
	return v, true
}

func text(raw json.RawMessage, limit int) string {
	v, _ := anyOf(raw)
	if s, ok := v.(string); ok && len(s) <= limit {
		return s
	}
	return ""
}

func odd(raw json.RawMessage) bool {
	v, there := anyOf(raw)
	_, isString := v.(string)
	return there && !isString
}

func timeOf(raw json.RawMessage) (int64, bool) {
	switch v, _ := anyOf(raw); v := v.(type) {
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil || !jsonInteger.MatchString(string(v)) {
			return 0, false
		}
		return n, true
	case string:
		t, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			return 0, false
		}
		return t.UnixMilli(), true
	}
	return 0, false
}

func valueOf(raw json.RawMessage) (number string, bad bool) {
	switch v, _ := anyOf(raw); v := v.(type) {
	case nil:
		return "", false
	case json.Number:
		return string(v), false
	case string:
		if jsonNumber.MatchString(v) {
			return v, false
		}
	}
	return "", true
}

func propsOf(raw json.RawMessage) (props []oracleProp) {
	v, _ := anyOf(raw)
	if _, ok := v.(map[string]any); !ok {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token()
	for dec.More() {
		key, _ := dec.Token()
		var inner json.RawMessage
		if err := dec.Decode(&inner); err != nil {
			panic(err)
		}
		p := oracleProp{Key: key.(string), Kind: "other", Text: string(inner)}
		switch v, _ := anyOf(inner); v := v.(type) {
		case string:
			p.Kind, p.Text = "string", v
		case json.Number, bool:
			p.Kind = "literal"
		}
		for i := range props {
			if props[i].Key == p.Key {
				props = append(props[:i], props[i+1:]...)
				break
			}
		}
		props = append(props, p)
	}
	return props
}

// parts returns the sign, digits and exponent of a number's text; no digits for zero.
func parts(number string) (neg bool, digits string, exp *big.Int) {
	number, neg = strings.CutPrefix(number, "-")
	exp = new(big.Int)
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		exp.SetString(strings.TrimPrefix(number[i+1:], "+"), 10)
		number = number[:i]
	}
	whole, fraction, _ := strings.Cut(number, ".")
	exp.Sub(exp, big.NewInt(int64(len(fraction))))
	digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	exp.Add(exp, big.NewInt(int64(len(digits)-len(trimmed))))
	if trimmed == "" {
		return false, "", new(big.Int)
	}
	return neg, trimmed, exp
}

// scaled is number * 10^decimals half-even in big arithmetic.
func scaled(number string, decimals int) (v int64, rounded, ok bool) {
	neg, digits, exp := parts(number)
	exp.Add(exp, big.NewInt(int64(decimals)))
	magnitude := new(big.Int).Add(exp, big.NewInt(int64(len(digits))))
	switch {
	case digits == "":
		return 0, false, true
	case magnitude.Cmp(big.NewInt(30)) > 0:
		return 0, false, false
	case magnitude.Cmp(big.NewInt(-5)) < 0:
		return 0, true, true
	}
	n, _ := new(big.Int).SetString(digits, 10)
	ten := big.NewInt(10)
	if exp.Sign() >= 0 {
		n.Mul(n, ten.Exp(ten, exp, nil))
	} else {
		unit := ten.Exp(ten, exp.Neg(exp), nil)
		rest := new(big.Int)
		n.QuoRem(n, unit, rest)
		rounded = rest.Sign() != 0
		half := rest.Lsh(rest, 1).Cmp(unit)
		if half > 0 || half == 0 && n.Bit(0) == 1 {
			n.Add(n, big.NewInt(1))
		}
	}
	if n.Cmp(new(big.Int).Lsh(big.NewInt(1), 53)) > 0 {
		return 0, false, false
	}
	if neg {
		n.Neg(n)
	}
	return n.Int64(), rounded, true
}
