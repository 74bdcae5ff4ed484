package experiment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Variant is one arm with its weight.
type Variant struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
}

// Variants keeps the order of the document: a map of weights by name. JSON is written as a list of Variant, which keeps
// its order in any tool; both forms are read.
type Variants []Variant

var errVariants = errors.New("want a map of weights such as {control: 50, treatment: 50}")

// Index of the variant with a name; -1 if there is none.
func (v Variants) Index(name string) int {
	for i := range v {
		if v[i].Name == name {
			return i
		}
	}
	return -1
}

func (v Variants) names() (all []string) {
	for i := range v {
		all = append(all, v[i].Name)
	}
	return all
}

// MarshalYAML writes a map in the order of the variants.
func (v Variants) MarshalYAML() (any, error) {
	node := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	for _, variant := range v {
		var name, weight yaml.Node
		if err := errors.Join(name.Encode(variant.Name), weight.Encode(variant.Weight)); err != nil {
			return nil, fmt.Errorf("variant %q: %w", variant.Name, err)
		}
		node.Content = append(node.Content, &name, &weight)
	}
	return node, nil
}

// UnmarshalYAML reads a map; a name given twice is a fault. Errors name the lines.
func (v *Variants) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return lineFault(node, errVariants)
	}
	wrong := &yaml.TypeError{}
	fault := func(at *yaml.Node, format string, args ...any) {
		wrong.Errors = append(wrong.Errors, fmt.Sprintf("line %d: variants: "+format, append([]any{at.Line}, args...)...))
	}
	all := make(Variants, 0, len(node.Content)/2)
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		var weight float64
		switch err := value.Decode(&weight); {
		case err != nil:
			fault(value, "weight of %q: %q is no number", key.Value, value.Value)
		case all.Index(key.Value) >= 0:
			fault(key, "%q is given twice", key.Value)
		}
		all = append(all, Variant{key.Value, weight})
	}
	if len(wrong.Errors) > 0 {
		return wrong
	}
	*v = all
	return nil
}

// UnmarshalJSON reads a list of Variant, or an object of weights by name in its order.
func (v *Variants) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return v.parseObject(data)
	}
	var list []Variant
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("variants: %w: %w", errVariants, err)
	}
	*v = list
	return nil
}

func (v *Variants) parseObject(data []byte) error {
	in := json.NewDecoder(bytes.NewReader(data))
	if _, err := in.Token(); err != nil {
		return fmt.Errorf("variants: %w", err)
	}
	all := Variants{}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return fmt.Errorf("variants: %w", err)
		}
		variant := Variant{Name: name.(string)} // the decoder allows no other key
		if err := in.Decode(&variant.Weight); err != nil {
			return fmt.Errorf("variants: weight of %q: %w", variant.Name, err)
		}
		all = append(all, variant)
	}
	*v = all
	return nil
}
