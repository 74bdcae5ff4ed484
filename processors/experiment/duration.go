package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Duration is a length of time in ms, written 5s, 10m, 24h, 7d, 1h30m or unlimited.
type Duration int64

// Unlimited is a window or retention that never ends.
const Unlimited Duration = 1 << 60

const unlimited = "unlimited"

const (
	millisecond Duration = 1
	second               = 1000 * millisecond
	minute               = 60 * second
	hour                 = 60 * minute
	day                  = 24 * hour
	longest              = 36525 * day // of a finite duration: a hundred years
)

// durationUnits in the order in which a text is tried: ms before m.
var durationUnits = []durationUnit{{"d", day}, {"h", hour}, {"ms", millisecond}, {"m", minute}, {"s", second}}

type durationUnit struct {
	name  string
	value Duration
}

var errDuration = errors.New("want a length of time such as 5s, 10m, 24h, 7d, or unlimited")

// ParseDuration reads whole numbers with the units ms, s, m, h and d, one or several, or the word unlimited.
func ParseDuration(text string) (Duration, error) {
	if text == unlimited {
		return Unlimited, nil
	}
	sum, rest := Duration(0), text
	for first := true; first || rest != ""; first = false {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		unit, after := cutUnit(rest[digits:])
		if err != nil || unit == 0 {
			return 0, fmt.Errorf("duration %q: %w", text, errDuration)
		}
		if Duration(n) > longest/unit || sum+Duration(n)*unit > longest {
			return 0, fmt.Errorf("duration %q: longer than 100 years, write unlimited", text)
		}
		sum, rest = sum+Duration(n)*unit, after
	}
	return sum, nil
}

func cutUnit(text string) (unit Duration, rest string) {
	for _, u := range durationUnits {
		if rest, found := strings.CutPrefix(text, u.name); found {
			return u.value, rest
		}
	}
	return 0, text
}

// String writes the duration in the largest unit that holds it whole: 60s is 1m.
func (d Duration) String() string {
	switch {
	case d >= Unlimited:
		return unlimited
	case d == 0:
		return "0s"
	}
	best := durationUnit{"ms", millisecond}
	for _, u := range durationUnits {
		if d%u.value == 0 && u.value > best.value {
			best = u
		}
	}
	return strconv.FormatInt(int64(d/best.value), 10) + best.name
}

// MarshalYAML writes the text of String.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

// UnmarshalYAML reads what ParseDuration does; its errors name the line.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	v, err := ParseDuration(node.Value)
	if err != nil {
		return lineFault(node, err)
	}
	*d = v
	return nil
}

// MarshalJSON writes the text of String.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads the text of a duration.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("duration %s: %w", data, errDuration)
	}
	v, err := ParseDuration(text)
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// lineFault is a fault of a YAML node in the form that lets the decoder go on and report the rest.
func lineFault(node *yaml.Node, err error) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %v", node.Line, err)}}
}
