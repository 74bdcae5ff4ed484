package replay

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/codecs/event"
)

// Arm is one file of aggregated rows: all of them are of one variant.
type Arm struct {
	Variant string
	File    string
}

// mostUnits bounds what the rows of aggregated files stand for, in one experiment.
const mostUnits = 50_000_000

// DefaultExperiment is the name of the experiment of aggregated files where none is given.
const DefaultExperiment = "replay"

// ratio is one --metric of aggregated files: of as many units as one column says, as many as another says convert.
type ratio struct {
	name                   string
	numerator, denominator string
}

// parseShare reads NAME=share:NUMERATOR/DENOMINATOR.
func parseShare(text string) (ratio, error) {
	name, rest, ok := strings.Cut(text, "=")
	kind, arg, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 {
		return ratio{}, fmt.Errorf("%q: want NAME=share:NUMERATOR/DENOMINATOR, such as gross=share:Enrollments/Clicks", text)
	}
	m := &measure{name: strings.TrimSpace(name)}
	if err := m.checkName(); err != nil {
		return ratio{}, err
	}
	if kind = strings.TrimSpace(kind); kind != share {
		return ratio{}, fmt.Errorf("%s: of aggregated files there are shares only, not %s", m.name, kind)
	}
	numerator, denominator, ok := strings.Cut(arg, "/")
	s := ratio{m.name, strings.TrimSpace(numerator), strings.TrimSpace(denominator)}
	if !ok || s.numerator == "" || s.denominator == "" {
		return s, fmt.Errorf("%s: share:%s: want the columns of those that convert and of all, as in share:Enrollments/Clicks", s.name, arg)
	}
	return s, nil
}

// aggregate is a row of a file: so many units, of which so many convert, by metric; 0 of 0 where the metric skips the row.
type aggregate struct {
	id      string // of the row in the population that it is fed for; set when that is known
	variant string
	cells   []string
	counts  []counts // by metric
}

type counts struct{ converted, units int64 }

// armReader reads the rows of one file.
type armReader struct {
	arm     Arm
	shares  []ratio
	where   []condition
	cells   [][2]int // of numerator and denominator, by metric
	rows    []aggregate
	left    int // not chosen
	badRows BadRowsError
}

func (a *armReader) read() error {
	s, err := openSource(a.arm.File)
	if err != nil {
		return err
	}
	defer s.close()
	if err := a.bind(s.header); err != nil {
		return err
	}
	for {
		cells, line, fault, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", a.arm.File, err)
		}
		if fault == nil {
			fault = a.take(cells)
		}
		if fault != nil {
			a.blame(line, fault)
		}
	}
}

func (a *armReader) blame(line int, fault error) {
	a.badRows.File = a.arm.File
	if a.badRows.Count++; len(a.badRows.First) < shownBad {
		a.badRows.First = append(a.badRows.First, BadRow{Line: line, Reason: fault.Error()})
	}
}

// bind finds the columns in the header; errors name the file.
func (a *armReader) bind(columns columns) error {
	a.cells = make([][2]int, len(a.shares))
	for i, s := range a.shares {
		for side, name := range []string{s.numerator, s.denominator} {
			cell, err := columns.find(name)
			if err != nil {
				return &UsageError{"metric", fmt.Sprintf("%s: %s: %v", s.name, a.arm.File, err)}
			}
			a.cells[i][side] = cell
		}
	}
	for _, c := range a.where {
		if err := c.bind(columns); err != nil {
			return &UsageError{"where", fmt.Sprintf("%s: %v", a.arm.File, err)}
		}
	}
	return nil
}

// take keeps a row; the error says why it is bad.
func (a *armReader) take(cells []string) error {
	for _, c := range a.where {
		if ok, err := c.match(cells); err != nil {
			return err
		} else if !ok {
			a.left++
			return nil
		}
	}
	row := aggregate{variant: a.arm.Variant, counts: make([]counts, len(a.shares))}
	for i := range a.shares {
		var err error
		if row.counts[i], err = a.count(i, cells); err != nil {
			return err
		}
	}
	row.cells = make([]string, len(cells))
	for i, cell := range cells {
		row.cells[i] = strings.Clone(cell)
	}
	a.rows = append(a.rows, row)
	return nil
}

// count reads the i-th metric; a row that says nothing of those that convert is none of the metric's.
func (a *armReader) count(i int, cells []string) (counts, error) {
	s, numerator, denominator := a.shares[i], cells[a.cells[i][0]], cells[a.cells[i][1]]
	switch {
	case numerator == "":
		return counts{}, nil
	case denominator == "":
		return counts{}, bad("%s is %s, but %s is blank", s.numerator, shown(numerator), s.denominator)
	}
	converted, err := parseCount(s.numerator, numerator)
	if err != nil {
		return counts{}, err
	}
	units, err := parseCount(s.denominator, denominator)
	if err == nil && converted > units {
		err = bad("%s is %d, more than %s, %d", s.numerator, converted, s.denominator, units)
	}
	return counts{converted, units}, err
}

func parseCount(column, cell string) (int64, error) {
	value, _, ok := parseAmount(nil, cell)
	number, rounded, fits := value.Scaled(0)
	if !ok || !fits || rounded || number < 0 {
		return 0, bad("%s: %s is no number of units: want 0, 1, 2 ...", column, shown(cell))
	}
	return number, nil
}

// populations parts the metrics: those of the same units in every row can share an experiment.
func populations(rows []aggregate, metrics int) (all [][]int) {
	for i := range metrics {
		at := slices.IndexFunc(all, func(p []int) bool {
			return !slices.ContainsFunc(rows, func(r aggregate) bool { return r.counts[p[0]].units != r.counts[i].units })
		})
		if at < 0 {
			all = append(all, []int{i})
			continue
		}
		all[at] = append(all[at], i)
	}
	return all
}

// expansion is what the rows of one population stand for.
type expansion struct {
	rows    []aggregate
	metrics []int    // of the rows' counts
	names   []string // of the metrics
	start   int64    // event time of the first unit, Unix ms; each next is a millisecond later
}

func (e *expansion) units() (total int64) {
	for i := range e.rows {
		total += e.rows[i].counts[e.metrics[0]].units
	}
	return total
}

// identify gives rows their ids and sorts by them: what is fed does not depend on the order of rows and files.
func (e *expansion) identify(experiment string, run int) {
	ids := newIdentity(experiment, run, len(e.rows))
	for i := range e.rows {
		row := &e.rows[i]
		row.id = string(ids.append(nil, append([]string{row.variant}, row.cells...)))
	}
	slices.SortFunc(e.rows, func(a, b aggregate) int { return strings.Compare(a.id, b.id) })
}

// events yields of each unit the exposure, then an event for each metric it converts in. Units of all rows take turns, and
// those that convert are spread over their row: the split and the rates are the same all the way, as far as rows can tell.
func (e *expansion) events(experiment string, run int, yield func(ev *event.Event) error) error {
	ids, at := newIdentity(experiment, run, 0), e.start
	var suffixes []string
	for _, name := range e.names {
		suffixes = append(suffixes, suffix(name))
	}
	var ev event.Event
	for turns := e.turns(); len(turns) > 0; {
		row, n := turns[0].row, turns[0].n
		id := ids.derive(nil, row.id, n)
		ev = event.Event{ID: id, Type: exposure, Unit: id, Time: at, Experiment: []byte(experiment), Variant: []byte(row.variant)}
		if err := yield(&ev); err != nil {
			return err
		}
		for m, metric := range e.metrics {
			if !row.counts[metric].converts(n) {
				continue
			}
			ev = event.Event{ID: append(slices.Clip(id), suffixes[m]...), Type: []byte(e.names[m]), Unit: id, Time: at}
			if err := yield(&ev); err != nil {
				return err
			}
		}
		at++
		turns.next()
	}
	return nil
}

// armsOf reads VARIANT=FILE of every argument; ok is false if one is none.
func armsOf(args []string) (arms []Arm, ok bool) {
	for _, arg := range args {
		variant, file, found := strings.Cut(arg, "=")
		if !found || !variantName.MatchString(variant) || file == "" {
			return nil, false
		}
		arms = append(arms, Arm{variant, file})
	}
	return arms, len(arms) > 0
}

// doubled is the first variant of two files; empty if there is none.
func doubled(arms []Arm) string {
	for i, a := range arms {
		if slices.ContainsFunc(arms[:i], func(b Arm) bool { return a.Variant == b.Variant }) {
			return strconv.Quote(a.Variant)
		}
	}
	return ""
}
