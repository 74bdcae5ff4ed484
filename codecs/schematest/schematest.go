// Package schematest checks a document against a JSON Schema, for the tests that hold a published schema to the
// code. It knows the keywords that our schemas use and refuses any other, so that a schema cannot say more than the
// tests check.
package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"
)

// Check reports a way in which doc does not satisfy schema; both are JSON. A schema that uses an unknown keyword
// anywhere is an error whatever the document; one that uses a keyword with a value of the wrong type panics.
func Check(schema, doc []byte) error {
	s, err := parse(schema)
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	d, err := parse(doc)
	if err != nil {
		return fmt.Errorf("document: %w", err)
	}
	root, ok := s.(map[string]any)
	if !ok {
		return errors.New("schema: not an object")
	}
	c := checker{root: root}
	if err := c.known(root, "#"); err != nil {
		return err
	}
	return c.check(root, d, "$")
}

type checker struct{ root map[string]any }

var annotations = []string{"$schema", "$id", "$defs", "title", "description", "then", "else"}

// subschemas are the keywords whose values are schemas, lists of schemas, or maps to schemas.
var subschemas = []string{"not", "if", "then", "else", "items", "additionalProperties", "anyOf", "properties", "$defs"}

// known refuses keywords that Check would pass over.
func (c checker) known(s map[string]any, at string) error {
	for key, value := range s {
		if rules[key] == nil && !slices.Contains(annotations, key) && !slices.Contains(subschemas, key) {
			return fmt.Errorf("schema: unknown keyword %q at %s", key, at)
		}
		if !slices.Contains(subschemas, key) {
			continue
		}
		for name, sub := range children(key, value) {
			if err := c.known(sub, at+"/"+key+"/"+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func children(key string, value any) map[string]map[string]any {
	found := map[string]map[string]any{}
	switch value := value.(type) {
	case []any:
		for i, sub := range value {
			found[fmt.Sprint(i)], _ = sub.(map[string]any)
		}
	case map[string]any:
		if key != "properties" && key != "$defs" {
			return map[string]map[string]any{"": value}
		}
		for name, sub := range value {
			found[name], _ = sub.(map[string]any)
		}
	}
	return found
}

func (c checker) check(s map[string]any, d any, at string) error {
	for key, rule := range rules {
		want, there := s[key]
		if !there {
			continue
		}
		if err := rule(c, want, d, at); err != nil {
			return err
		}
	}
	return c.applicators(s, d, at)
}

// applicators are the keywords that need their neighbours.
func (c checker) applicators(s map[string]any, d any, at string) error {
	if cond, ok := s["if"].(map[string]any); ok {
		branch := "then"
		if c.check(cond, d, at) != nil {
			branch = "else"
		}
		if sub, ok := s[branch].(map[string]any); ok {
			if err := c.check(sub, d, at); err != nil {
				return err
			}
		}
	}
	object, ok := d.(map[string]any)
	if !ok {
		return nil
	}
	properties, _ := s["properties"].(map[string]any)
	for name, value := range object {
		sub, ok := properties[name].(map[string]any)
		switch extra := s["additionalProperties"].(type) {
		case map[string]any:
			if !ok {
				sub = extra
			}
		case bool:
			if !ok && !extra {
				return fmt.Errorf("%s: unexpected %q", at, name)
			}
		}
		if err := c.check(sub, value, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func parse(text []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

// match reports whether pattern, a schema's, is found in text.
func match(pattern, text string) (bool, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return false, fmt.Errorf("schema: %w", err)
	}
	return re.MatchString(text), nil
}

func length(s string) float64 { return float64(utf8.RuneCountInString(s)) }
