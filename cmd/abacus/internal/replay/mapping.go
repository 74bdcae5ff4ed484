package replay

import (
	"math"
	"regexp"
	"unicode/utf8"

	"github.com/abacus-stream/abacus/codecs/event"
)

// none is the index of a column that the flags don't name.
const none = -1

// mapping reads rows by the flags: which cells are the unit, the variant, the time and the metrics.
type mapping struct {
	unit, variant, time, conflict int // cells; none
	names                         struct{ unit, variant, time string }
	where                         []condition
	exposure                      condition // nil: every row
	measures                      []*measure
	dimensions                    []*dimension
	latest                        int64 // Unix ms that no row may pass; 0: no bound

	clock   clock
	amounts []byte // digits of the current row
}

// row is what a chosen row says. Its strings and values are valid until the next row is read.
type row struct {
	unit     string // empty with #row
	variant  string
	conflict string // cell of the column given by --exclude-conflicts
	time     int64
	exposed  bool
	marks    []mark   // by metric
	segments []string // by dimension; blank: none
	// by metric: what exposures tell of before; not set of other rows
	covariates []mark
}

// mark is what a row says for one metric.
type mark struct {
	counts    bool // false: no event
	value     event.Decimal
	magnitude float64
}

var variantName = regexp.MustCompile(`^[A-Za-z0-9 _-]{1,40}$`)

// bind resolves every column the flags name; errors are *UsageError.
func (m *mapping) bind(cfg *Config, columns columns) error {
	for _, one := range []struct {
		flag, name string
		cell       *int
	}{
		{"unit", cfg.Unit, &m.unit}, {"variant", cfg.Variant, &m.variant}, {"time", cfg.Time, &m.time},
		{"exclude-conflicts", cfg.ExcludeConflicts, &m.conflict},
	} {
		*one.cell = none
		if one.name == "" || one.flag == "unit" && one.name == RowUnit {
			continue
		}
		cell, err := columns.find(one.name)
		if err != nil {
			return &UsageError{one.flag, err.Error()}
		}
		*one.cell = cell
	}
	m.names.unit, m.names.variant, m.names.time = cfg.Unit, cfg.Variant, cfg.Time
	return m.bindConditions(columns)
}

func (m *mapping) bindConditions(columns columns) error {
	for _, c := range m.where {
		if err := c.bind(columns); err != nil {
			return &UsageError{"where", err.Error()}
		}
	}
	if err := m.exposure.bind(columns); err != nil {
		return &UsageError{"exposure", err.Error()}
	}
	for _, one := range m.measures {
		if err := one.bind(columns); err != nil {
			return &UsageError{"metric", err.Error()}
		}
	}
	for _, one := range m.dimensions {
		var err error
		if one.cell, err = columns.find(one.column); err != nil {
			return &UsageError{"segment", err.Error()}
		}
	}
	return nil
}

// chosen reports whether every --where holds.
func (m *mapping) chosen(cells []string) (bool, error) {
	for _, c := range m.where {
		if ok, err := c.match(cells); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// read fills r from the cells of the index-th row of the file; err is a *badRow.
func (m *mapping) read(cells []string, index int, r *row) (err error) {
	if err = m.readUnit(cells, r); err != nil {
		return err
	}
	if r.time, err = m.readTime(cells, index); err != nil {
		return err
	}
	r.exposed = true
	if m.exposure != nil {
		if r.exposed, err = m.exposure.match(cells); err != nil {
			return err
		}
	}
	r.segments = r.segments[:0]
	for _, one := range m.dimensions {
		value, err := one.read(cells)
		if err != nil {
			return err
		}
		r.segments = append(r.segments, value)
	}
	m.amounts, r.marks, r.covariates = m.amounts[:0], r.marks[:0], r.covariates[:0]
	for _, one := range m.measures {
		var k mark
		if k, m.amounts, err = one.mark(cells, m.amounts); err != nil {
			return err
		}
		r.marks = append(r.marks, k)
		k = mark{}
		if one.covariate != nil && r.exposed {
			if k, m.amounts, err = one.covariate.mark(cells, m.amounts); err != nil {
				return err
			}
		}
		r.covariates = append(r.covariates, k)
	}
	return nil
}

func (m *mapping) readUnit(cells []string, r *row) error {
	r.unit, r.conflict = "", ""
	if m.unit != none {
		r.unit = cells[m.unit]
		switch {
		case r.unit == "":
			return bad("%s (the unit) is blank", m.names.unit)
		case len(r.unit) > 256:
			return bad("%s (the unit) has more than 256 bytes", m.names.unit)
		case !utf8.ValidString(r.unit):
			return bad("%s (the unit) is not UTF-8", m.names.unit)
		}
	}
	switch r.variant = cells[m.variant]; {
	case r.variant == "":
		return bad("%s (the variant) is blank", m.names.variant)
	case !variantName.MatchString(r.variant):
		return bad("%s: %s is no name of a variant: letters, digits, blanks, _ and -, at most 40",
			m.names.variant, shown(r.variant))
	}
	if m.conflict != none {
		r.conflict = cells[m.conflict]
	}
	return nil
}

func (m *mapping) readTime(cells []string, index int) (int64, error) {
	if m.time == none {
		return firstTime + int64(index), nil
	}
	cell := cells[m.time]
	at, ok := m.clock.parse(cell)
	switch {
	case cell == "":
		return 0, bad("%s (the time) is blank", m.names.time)
	case !ok:
		return 0, bad("%s: %s is no time: want ISO, Unix s or ms, or M/D/YYYY", m.names.time, shown(cell))
	case at < firstTime:
		return 0, bad("%s: %s is before 2000-01-01", m.names.time, shown(cell))
	case m.latest != 0 && at > m.latest:
		return 0, bad("%s: %s is in the future", m.names.time, shown(cell))
	}
	return at, nil
}

// mark reads what the row says for the metric; digits of values are appended to amounts.
func (m *measure) mark(cells []string, amounts []byte) (k mark, grown []byte, err error) {
	if m.kind == ratioKind {
		return mark{}, amounts, nil // its parts have the events
	}
	if m.when != nil {
		ok, err := m.when.match(cells)
		if !ok || err != nil {
			return mark{}, amounts, m.blame(err)
		}
	}
	if m.column == "" {
		return mark{counts: true}, amounts, nil
	}
	cell := cells[m.cell]
	if m.kind == conversion {
		counts, ok := parseTruth(cell)
		if !ok {
			err = bad("%s: %s is neither true nor false", m.column, shown(cell))
		}
		return mark{counts: counts}, amounts, err
	}
	if cell == "" {
		return mark{}, amounts, nil
	}
	k.counts = true
	var ok bool
	if k.value, grown, ok = parseAmount(amounts, cell); !ok {
		return mark{}, amounts, bad("%s: %s is not a number", m.column, shown(cell))
	}
	decimals := 0
	if m.decimals != nil {
		decimals = *m.decimals
	}
	if _, _, ok = k.value.Scaled(decimals); !ok {
		return mark{}, amounts, bad("%s: %s is beyond what can be summed exactly (2^53 at %d decimals)",
			m.column, shown(cell), decimals)
	}
	number, _ := parseNumber(cell)
	k.magnitude = math.Abs(number)
	return k, grown, nil
}

// blame adds the metric's name to the reason of a condition.
func (m *measure) blame(err error) error {
	if err == nil {
		return nil
	}
	return bad("metric %s: %v", m.name, err)
}
