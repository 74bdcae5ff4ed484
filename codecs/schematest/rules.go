package schematest

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// rules check one keyword by itself: want is its value in the schema.
var rules map[string]func(c checker, want, d any, at string) error

// init, because the rules call check, which reads them.
func init() {
	rules = map[string]func(c checker, want, d any, at string) error{
		"$ref": ref, "type": typed, "enum": enum, "const": constant, "required": required, "pattern": pattern,
		"minLength": bound(length, false), "maxLength": bound(length, true),
		"minimum": minimum, "items": items, "minItems": count(false), "maxItems": count(true),
		"anyOf": anyOf, "not": not,
	}
}

func ref(c checker, want, d any, at string) error {
	name, _ := strings.CutPrefix(want.(string), "#/$defs/")
	defs, _ := c.root["$defs"].(map[string]any)
	sub, ok := defs[name].(map[string]any)
	if !ok {
		return fmt.Errorf("schema: no definition %v", want)
	}
	return c.check(sub, d, at)
}

func typed(_ checker, want, d any, at string) error {
	names := []any{want}
	if list, ok := want.([]any); ok {
		names = list
	}
	is := typeOf(d)
	for _, name := range names {
		if name == is || name == "number" && is == "integer" {
			return nil
		}
	}
	return fmt.Errorf("%s: is of type %s, want %v", at, is, want)
}

func typeOf(d any) string {
	switch d := d.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case json.Number:
		if f := number(d); f == math.Trunc(f) {
			return "integer"
		}
	}
	return "number"
}

func enum(_ checker, want, d any, at string) error {
	if !slices.ContainsFunc(want.([]any), func(v any) bool { return reflect.DeepEqual(v, d) }) {
		return fmt.Errorf("%s: %v is none of %v", at, d, want)
	}
	return nil
}

func constant(c checker, want, d any, at string) error { return enum(c, []any{want}, d, at) }

func required(_ checker, want, d any, at string) error {
	object, ok := d.(map[string]any)
	for _, name := range want.([]any) {
		if _, there := object[name.(string)]; ok && !there {
			return fmt.Errorf("%s: %v is missing", at, name)
		}
	}
	return nil
}

func pattern(_ checker, want, d any, at string) error {
	s, ok := d.(string)
	if !ok {
		return nil
	}
	found, err := match(want.(string), s)
	if err == nil && !found {
		err = fmt.Errorf("%s: %q does not match %s", at, s, want)
	}
	return err
}

// bound is a limit on a measure of strings, an upper one or a lower one.
func bound(measure func(string) float64, upper bool) func(checker, any, any, string) error {
	return func(_ checker, want, d any, at string) error {
		s, ok := d.(string)
		return beyond(ok, measure(s), want, upper, at)
	}
}

// count is a limit on the length of arrays.
func count(upper bool) func(checker, any, any, string) error {
	return func(_ checker, want, d any, at string) error {
		list, ok := d.([]any)
		return beyond(ok, float64(len(list)), want, upper, at)
	}
}

func minimum(_ checker, want, d any, at string) error {
	n, ok := d.(json.Number)
	return beyond(ok, number(n), want, false, at)
}

func beyond(applies bool, got float64, want any, upper bool, at string) error {
	limit := number(want.(json.Number))
	if applies && (upper && got > limit || !upper && got < limit) {
		return fmt.Errorf("%s: %v is beyond the limit %v", at, got, limit)
	}
	return nil
}

func items(c checker, want, d any, at string) error {
	list, _ := d.([]any)
	for i, v := range list {
		if err := c.check(want.(map[string]any), v, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

func anyOf(c checker, want, d any, at string) error {
	var first error
	for _, sub := range want.([]any) {
		err := c.check(sub.(map[string]any), d, at)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return fmt.Errorf("%s: satisfies none of the alternatives, the first: %w", at, first)
}

func not(c checker, want, d any, at string) error {
	if c.check(want.(map[string]any), d, at) == nil {
		return fmt.Errorf("%s: is what it must not be", at)
	}
	return nil
}

func number(n json.Number) float64 {
	f, err := n.Float64()
	if err != nil {
		return math.NaN()
	}
	return f
}
