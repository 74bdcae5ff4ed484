package replay

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// Bounds of the values of a --segment.
const (
	mostSegments = 50     // that are looked at; all else is other
	mostFound    = 10_000 // that a column may have where they are not named
)

// dimension is one --segment: a column by whose values the experiment is looked at too.
type dimension struct {
	column, name string
	values       []string // as named; nil: those of the file

	cell  int
	found map[string]int // exposures by value, where none are named
}

// parseDimension reads COL or COL=value[,value]...; values with commas stand in double quotes.
func parseDimension(text string) (*dimension, error) {
	column, list, named := strings.Cut(text, "=")
	d := &dimension{column: strings.TrimSpace(column), found: map[string]int{}}
	d.name = dimensionName(d.column)
	if d.name == "" {
		return nil, fmt.Errorf("%q: want COL or COL=value,value", text)
	}
	if !named {
		return d, nil
	}
	values, err := csv.NewReader(strings.NewReader(list)).Read()
	if err != nil {
		return nil, fmt.Errorf("%q: want COL=value,value", text)
	}
	for _, value := range values {
		switch value = strings.TrimSpace(value); {
		case !experiment.ValidSegment(value):
			return nil, fmt.Errorf("%s: %q is no value that can be listed: want 1 to 64 bytes of text, and not %s", d.column, value, experiment.OtherSegment)
		case slices.Contains(d.values, value):
			return nil, fmt.Errorf("%s: %q is given twice", d.column, value)
		}
		d.values = append(d.values, value)
	}
	if len(d.values) > mostSegments {
		return nil, fmt.Errorf("%s: %d values, want at most %d", d.column, len(d.values), mostSegments)
	}
	return d, nil
}

var unfit = regexp.MustCompile(`[^a-z0-9_-]+`)

// dimensionName is a column as a definition may call it; empty where nothing is left of it.
func dimensionName(column string) string {
	name := strings.TrimLeft(unfit.ReplaceAllString(strings.ToLower(column), "_"), "_-")
	return name[:min(len(name), 63)]
}

// dimensions parses every --segment.
func (c *Config) dimensions() (all []*dimension, err error) {
	if len(c.Segments) > experiment.MaxDimensions {
		return nil, &UsageError{"segment", fmt.Sprintf("given %d times, want at most %d", len(c.Segments), experiment.MaxDimensions)}
	}
	for _, text := range c.Segments {
		d, err := parseDimension(text)
		if err != nil {
			return nil, &UsageError{"segment", err.Error()}
		}
		if slices.ContainsFunc(all, func(other *dimension) bool { return other.name == d.name }) {
			return nil, &UsageError{"segment", fmt.Sprintf("%s is given twice", d.name)}
		}
		all = append(all, d)
	}
	return all, nil
}

// read gives the value of a row; err is a *badRow.
func (d *dimension) read(cells []string) (string, error) {
	if !utf8.ValidString(cells[d.cell]) {
		return "", bad("%s (a segment) is not UTF-8", d.column)
	}
	return cells[d.cell], nil
}

// see counts a value that a definition may list.
func (d *dimension) see(value string) error {
	if d.values != nil || !experiment.ValidSegment(value) {
		return nil
	}
	if _, known := d.found[value]; !known {
		if value = strings.Clone(value); len(d.found) == mostFound {
			return &UsageError{"segment", fmt.Sprintf("%s has more than %d different values: name those to look at, as %s=value,value", d.column, mostFound, d.column)}
		}
	}
	d.found[value]++
	return nil
}

// definition lists the values as they were named, or the commonest of the file by name: the order of its rows must not matter.
func (d *dimension) definition() experiment.Dimension {
	values := d.values
	if values == nil {
		values = slices.SortedFunc(maps.Keys(d.found), func(a, b string) int {
			return cmp.Or(cmp.Compare(d.found[b], d.found[a]), cmp.Compare(a, b))
		})
		values = values[:min(len(values), mostSegments)]
		slices.Sort(values)
	}
	return experiment.Dimension{Name: d.name, Prop: d.column, Values: values}
}
