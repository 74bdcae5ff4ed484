package replay

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// The kinds of metrics that a file can be replayed into.
const (
	conversion = "conversion"
	count      = "count"
	mean       = "mean"
	quantile   = "quantile"
	ratioKind  = "ratio"
	share      = "share" // of aggregated files
)

// measure is one --metric: what of a row counts.
type measure struct {
	name, kind string
	column     string    // of conversion:COL, mean:COL and quantile:COL; empty: by condition alone
	when       condition // nil: every row
	cap        experiment.Amount
	decimals   *int // as asked for; nil: what the file needs
	covariate  *covariate

	numerator, denominator string // of a ratio: names of other metrics

	cell      int
	precision precision
}

var (
	metricName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	option     = regexp.MustCompile(`^([a-z][a-z0-9_]*)=([^=<>!|]*)$`)
)

// parseMeasure reads NAME=KIND:ARG[,option=value]....
func parseMeasure(text string) (*measure, error) {
	name, rest, ok := strings.Cut(text, "=")
	kind, arg, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 {
		return nil, fmt.Errorf("%q: want NAME=KIND:ARG, such as revenue=mean:spend", text)
	}
	m := &measure{name: strings.TrimSpace(name), kind: strings.TrimSpace(kind)}
	if err := m.checkName(); err != nil {
		return nil, err
	}
	arg, err := m.takeOptions(arg)
	if err == nil {
		err = m.takeArg(strings.TrimSpace(arg))
	}
	if err == nil {
		err = m.checkOptions()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return m, nil
}

// checkName refuses what no metric may be called, and the words that as an event's type mean something else.
func (m *measure) checkName() error {
	if !metricName.MatchString(m.name) {
		return fmt.Errorf("%q is no name of a metric: want a-z, 0-9, _ and -, at most 63", m.name)
	}
	e := event.Event{Type: []byte(m.name)}
	if e.Exposure() || e.Retraction() {
		return fmt.Errorf("a metric cannot be called %q: events of that type mean something else", m.name)
	}
	return nil
}

// takeOptions cuts the options off the end of arg and reads them.
func (m *measure) takeOptions(arg string) (string, error) {
	for {
		at := strings.LastIndexByte(arg, ',')
		if at < 0 {
			return arg, nil
		}
		found := option.FindStringSubmatch(strings.TrimSpace(arg[at+1:]))
		if found == nil {
			return arg, nil // a comma in a value
		}
		if err := m.takeOption(found[1], strings.TrimSpace(found[2])); err != nil {
			return "", err
		}
		arg = arg[:at]
	}
}

func (m *measure) takeOption(name, value string) error {
	switch name {
	case "cap":
		if _, ok := event.ParseDecimal([]byte(value)); !ok {
			return fmt.Errorf("cap %q is not a number", value)
		}
		m.cap = experiment.Amount(value)
	case "decimals":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > maxDecimals {
			return fmt.Errorf("decimals %q: want 0 to %d", value, maxDecimals)
		}
		m.decimals = &n
	case "covariate":
		return m.takeCovariate(value)
	default:
		return fmt.Errorf("unknown option %q: there are cap, covariate and decimals", name)
	}
	return nil
}

func (m *measure) takeArg(arg string) (err error) {
	switch m.kind {
	case conversion:
		if !isCondition(arg) {
			m.column = arg
			return m.needColumn()
		}
		m.when, err = parseCondition(arg)
	case count:
		m.when, err = parseCondition(arg)
	case mean, quantile:
		column, when, only := strings.Cut(arg, "?")
		m.column = strings.TrimSpace(column)
		if only {
			m.when, err = parseCondition(when)
		}
		if err == nil {
			err = m.needColumn()
		}
	case ratioKind:
		return m.takeParts(arg)
	case share:
		return errors.New("a share is of aggregated files: name them as control=FILE treatment=FILE")
	default:
		return fmt.Errorf("unknown kind %q: there are conversion, mean, count, quantile and ratio", m.kind)
	}
	return err
}

// valued says whether the metric's events carry the values of its column.
func (m *measure) valued() bool { return m.kind == mean || m.kind == quantile }

func (m *measure) needColumn() error {
	if m.column == "" {
		return fmt.Errorf("%s: names no column", m.kind)
	}
	return nil
}

func (m *measure) checkOptions() error {
	if m.covariate != nil && m.kind == quantile {
		return errors.New("covariate has no meaning for a quantile")
	}
	if m.cap != "" && m.kind == ratioKind {
		return errors.New("cap has no meaning for a ratio: give it to its parts")
	}
	if m.cap != "" && (m.kind == conversion || m.kind == quantile) {
		return fmt.Errorf("cap has no meaning for a %s", m.kind)
	}
	if m.decimals != nil && !m.valued() {
		return fmt.Errorf("decimals has no meaning for a %s", m.kind)
	}
	return nil
}

// bind finds the columns in the header.
func (m *measure) bind(columns columns) (err error) {
	m.cell = -1
	if m.column != "" {
		if m.cell, err = columns.find(m.column); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if err = m.when.bind(columns); err == nil {
		err = m.covariate.bind(columns)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	return nil
}

// definition returns the metric; the decimals of its values are known once the file has been read.
func (m *measure) definition() experiment.Metric {
	def := experiment.Metric{Name: m.name, Kind: m.kind, Event: m.name, Window: experiment.Unlimited, Covariate: m.covariate.definition()}
	if m.kind == ratioKind {
		def.Event, def.Numerator, def.Denominator = "", m.numerator, m.denominator
	}
	if m.cap != "" {
		limit := m.cap
		def.Cap = &limit
	}
	if m.valued() {
		if limit, ok := event.ParseDecimal([]byte(m.cap)); ok {
			m.precision.see(limit, 0)
		}
		decimals := m.precision.decimals()
		if m.decimals != nil {
			decimals = *m.decimals
		}
		def.Decimals = &decimals
	}
	return def
}
