package experiment

import (
	"encoding/json"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/abacus-stream/abacus/codecs/event"
)

// Amount is an exact decimal as it was written, such as 500 or 12.50.
type Amount string

var errAmount = errors.New("want a decimal number such as 500 or 12.50")

// Scaled is the amount times 10^decimals. exact says that no digit was lost; ok is false for what is no number by JSON's
// grammar, and beyond 2^53.
func (a Amount) Scaled(decimals int) (v int64, exact, ok bool) {
	d, ok := event.ParseDecimal([]byte(a))
	if !ok {
		return 0, false, false
	}
	v, rounded, ok := d.Scaled(decimals)
	return v, !rounded, ok
}

// UnmarshalYAML keeps the digits of the document; its errors name the line.
func (a *Amount) UnmarshalYAML(node *yaml.Node) error {
	if _, ok := event.ParseDecimal([]byte(node.Value)); !ok || node.Kind != yaml.ScalarNode {
		return lineFault(node, fmt.Errorf("%q: %w", node.Value, errAmount))
	}
	*a = Amount(node.Value)
	return nil
}

// UnmarshalJSON keeps the digits of a number, or of a string that holds one.
func (a *Amount) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return fmt.Errorf("amount %s: %w", data, err)
		}
	}
	if _, ok := event.ParseDecimal([]byte(text)); !ok {
		return fmt.Errorf("amount %q: %w", text, errAmount)
	}
	*a = Amount(text)
	return nil
}
