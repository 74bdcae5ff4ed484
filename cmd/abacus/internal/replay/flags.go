package replay

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/codecs/event"
)

var experimentName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// mapping parses the flags as far as that goes without the file's header.
func (c *Config) mapping() (*mapping, error) {
	m := &mapping{}
	if c.Now > 0 {
		m.latest = c.Now + event.MaxAhead
	}
	if err := c.checkNames(); err != nil {
		return nil, err
	}
	for _, text := range c.Where {
		parsed, err := parseCondition(text)
		if err != nil {
			return nil, &UsageError{"where", err.Error()}
		}
		m.where = append(m.where, parsed)
	}
	if c.Exposure != "" {
		var err error
		if m.exposure, err = parseCondition(c.Exposure); err != nil {
			return nil, &UsageError{"exposure", err.Error()}
		}
	}
	var err error
	if m.dimensions, err = c.dimensions(); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, text := range c.Metrics {
		one, err := parseMeasure(text)
		if err != nil {
			return nil, &UsageError{"metric", err.Error()}
		}
		if seen[one.name] {
			return nil, &UsageError{"metric", fmt.Sprintf("%s is given twice", one.name)}
		}
		seen[one.name] = true
		m.measures = append(m.measures, one)
	}
	if err := checkParts(m.measures); err != nil {
		return nil, &UsageError{"metric", err.Error()}
	}
	return m, nil
}

// checkNames reports every flag that is missing at once.
func (c *Config) checkNames() error {
	var missing []error
	for _, one := range []struct{ flag, value, what string }{
		{"experiment", c.Experiment, "name the experiment"},
		{"unit", c.Unit, "name the column of the unit's id, or give #row"},
		{"variant", c.Variant, "name the column of the variant"},
		{"control", c.Control, "say which variant is the control"},
		{"metric", strings.Join(c.Metrics, ""), "give at least one, such as revenue=mean:spend"},
	} {
		if one.value == "" {
			missing = append(missing, &UsageError{one.flag, "missing: " + one.what})
		}
	}
	if len(missing) > 0 {
		return errors.Join(missing...)
	}
	if !experimentName.MatchString(c.Experiment) {
		return &UsageError{"experiment", fmt.Sprintf("%q is no name of an experiment: want a-z, 0-9 and -, at most 63", c.Experiment)}
	}
	if c.Grace < 0 {
		return &UsageError{"grace", fmt.Sprintf("%s is negative", c.Grace)}
	}
	return nil
}

func parseWeights(texts []string) (map[string]float64, error) {
	weights := map[string]float64{}
	for _, text := range texts {
		at := strings.LastIndexByte(text, '=')
		if at < 1 {
			return nil, &UsageError{"weight", fmt.Sprintf("%q: want VARIANT=weight", text)}
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(text[at+1:]), 64)
		if err != nil || !(weight > 0 && weight < 1e12) {
			return nil, &UsageError{"weight", fmt.Sprintf("%q: want a positive number", text)}
		}
		weights[strings.TrimSpace(text[:at])] = weight
	}
	return weights, nil
}
