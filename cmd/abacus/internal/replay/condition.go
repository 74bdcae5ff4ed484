package replay

import (
	"fmt"
	"strings"
)

// condition holds for a row if one of its alternatives does.
type condition []comparison

// comparison is one column, operator and value of a condition.
type comparison struct {
	column, operator, value string

	cell   int     // index of the column
	number float64 // the value, where the order is by number
	time   int64   // the value, where the order is by time
	timed  bool
	clock  clock
}

// operators, the longer before those they begin with.
var operators = []string{"!=", "<=", ">=", "=", "<", ">"}

// parseCondition reads col=v, !=, <, <=, >, >=, col= for blank, with | between alternatives. An alternative without
// operator after an = is one more value of the same column.
func parseCondition(text string) (condition, error) {
	var c condition
	for _, part := range strings.Split(text, "|") {
		one, ok := splitComparison(part)
		switch {
		case ok:
		case len(c) > 0 && c[len(c)-1].operator == "=" && one.value != "":
			one.column, one.operator = c[len(c)-1].column, "="
		default:
			return nil, fmt.Errorf("%q is no condition: want column=value, !=, <, <=, > or >=", part)
		}
		if one.ordered() && !one.readOrder() {
			return nil, fmt.Errorf("%q: %s compares numbers or times, and %q is neither", part, one.operator, one.value)
		}
		c = append(c, one)
	}
	return c, nil
}

// splitComparison cuts at the first operator; without one, all of part is the value.
func splitComparison(part string) (c comparison, ok bool) {
	at := strings.IndexAny(part, "!=<>")
	if at < 0 {
		return comparison{value: strings.TrimSpace(part)}, false
	}
	for _, operator := range operators {
		if value, found := strings.CutPrefix(part[at:], operator); found {
			c = comparison{column: strings.TrimSpace(part[:at]), operator: operator, value: strings.TrimSpace(value)}
			return c, c.column != ""
		}
	}
	return comparison{}, false
}

// isCondition tells a condition from the name of a column.
func isCondition(text string) bool { return strings.ContainsAny(text, "=<>") }

func (c *comparison) ordered() bool { return c.operator != "=" && c.operator != "!=" }

func (c *comparison) readOrder() (ok bool) {
	if c.number, ok = parseNumber(c.value); ok {
		return true
	}
	c.time, c.timed = c.clock.parse(c.value)
	return c.timed
}

// bind finds the columns in the header.
func (c condition) bind(columns columns) (err error) {
	for i := range c {
		if c[i].cell, err = columns.find(c[i].column); err != nil {
			return err
		}
	}
	return nil
}

// match reports whether one alternative holds; err is a *badRow for a cell that has no order with the value.
func (c condition) match(cells []string) (bool, error) {
	for i := range c {
		if ok, err := c[i].match(cells[c[i].cell]); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (c *comparison) match(cell string) (bool, error) {
	switch c.operator {
	case "=":
		return cell == c.value, nil
	case "!=":
		return cell != c.value, nil
	}
	if cell == "" {
		return false, nil // a blank cell has no order
	}
	order, ok := c.order(cell)
	if !ok {
		return false, bad("%s is %s: cannot be compared by %s %s", c.column, shown(cell), c.operator, c.value)
	}
	switch c.operator {
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	default:
		return order >= 0, nil
	}
}

// order compares the cell with the value: below 0, 0 or above.
func (c *comparison) order(cell string) (order int, ok bool) {
	if c.timed {
		at, ok := c.clock.parse(cell)
		return compare(at, c.time), ok
	}
	number, ok := parseNumber(cell)
	return compare(number, c.number), ok
}

func compare[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
