package replay

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// covariate is a column that tells of a unit before the experiment: exposures bring its number.
type covariate struct {
	column    string
	cell      int
	precision precision
}

func (m *measure) takeCovariate(column string) error {
	if column == "" {
		return errors.New("covariate names no column")
	}
	m.covariate = &covariate{column: column}
	return nil
}

// prop is how exposures call the number. No segment of the same column is called so.
func (c *covariate) prop() string { return "covariate." + c.column }

// bind finds the column in the header; nil has none.
func (c *covariate) bind(columns columns) (err error) {
	if c != nil {
		c.cell, err = columns.find(c.column)
	}
	return err
}

// mark reads the number of a row, blank for none; err is a *badRow.
func (c *covariate) mark(cells []string, amounts []byte) (k mark, grown []byte, err error) {
	cell := cells[c.cell]
	if cell == "" {
		return mark{}, amounts, nil
	}
	var ok bool
	if k.value, grown, ok = parseAmount(amounts, cell); !ok {
		return mark{}, amounts, bad("%s (a covariate): %s is not a number", c.column, shown(cell))
	}
	if _, _, ok = k.value.Scaled(0); !ok {
		return mark{}, amounts, bad("%s (a covariate): %s is beyond what can be summed exactly (2^53)", c.column, shown(cell))
	}
	number, _ := parseNumber(cell)
	k.counts, k.magnitude = true, math.Abs(number)
	return k, grown, nil
}

// definition returns the covariate of the metric, with the decimals that the file needs; nil without one.
func (c *covariate) definition() *experiment.Covariate {
	if c == nil {
		return nil
	}
	decimals := c.precision.decimals()
	return &experiment.Covariate{Prop: c.prop(), Decimals: &decimals}
}

// takeParts reads METRIC/METRIC.
func (m *measure) takeParts(arg string) error {
	a, b, ok := strings.Cut(arg, "/")
	m.numerator, m.denominator = strings.TrimSpace(a), strings.TrimSpace(b)
	if !ok || m.numerator == "" || m.denominator == "" {
		return fmt.Errorf("%q: want METRIC/METRIC, two other metrics by their names", arg)
	}
	return nil
}

// checkParts says whether the parts of each ratio are metrics that can be.
func checkParts(all []*measure) error {
	for _, m := range all {
		if m.kind != ratioKind {
			continue
		}
		for _, name := range []string{m.numerator, m.denominator} {
			i := slices.IndexFunc(all, func(part *measure) bool { return part.name == name })
			switch {
			case i < 0:
				return fmt.Errorf("%s: there is no metric %q: give it as a --metric too", m.name, name)
			case all[i].kind != conversion && all[i].kind != count && all[i].kind != mean:
				return fmt.Errorf("%s: %s is a %s, want a conversion, count or mean", m.name, name, all[i].kind)
			}
		}
		if m.numerator == m.denominator {
			return fmt.Errorf("%s: both parts are %s", m.name, m.numerator)
		}
	}
	return nil
}

// addCovariates appends the numbers that a row says of its unit before.
func (e *emitter) addCovariates(r *row) {
	for i, m := range e.plan.mapping.measures {
		if m.covariate == nil || !r.covariates[i].counts {
			continue
		}
		key := m.covariate.prop()
		if slices.ContainsFunc(e.props, func(p event.Prop) bool { return string(p.Key) == key }) {
			continue // another metric's too
		}
		e.props = append(e.props, event.Prop{Key: []byte(key), Text: r.covariates[i].value.Append(nil), Kind: event.Literal})
	}
}
