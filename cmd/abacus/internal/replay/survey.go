package replay

import (
	"fmt"
	"slices"
	"strings"
)

// mostVariants is beyond what any experiment has: the column is not the variant's.
const mostVariants = 100

// survey is what the first pass finds out.
type survey struct {
	measures []*measure
	by       []*dimension
	variants []string // by first appearance
	known    map[string]bool

	rows            int // good and chosen, conflicting ones included
	exposed         int
	unchosen        int
	bad             int
	firstBad        []BadRow
	earliest        int64 // Unix ms
	latest          int64 // Unix ms; the running greatest
	late            int64 // ms; how far a row is behind the greatest before it
	first           map[string]appearance
	conflictingRows int
}

// appearance is with which variant a value of --exclude-conflicts was seen first, and how it went on.
type appearance struct {
	variant  string
	rows     int
	conflict bool
}

func newSurvey(m *mapping) *survey {
	return &survey{measures: m.measures, by: m.dimensions, known: map[string]bool{}, first: map[string]appearance{}}
}

// blame counts a bad row.
func (s *survey) blame(line int, fault error) {
	s.bad++
	if len(s.firstBad) < shownBad {
		s.firstBad = append(s.firstBad, BadRow{Line: line, Reason: fault.Error()})
	}
}

// see takes in a good row.
func (s *survey) see(r *row) error {
	if !s.known[r.variant] {
		variant := strings.Clone(r.variant)
		s.known[variant] = true
		s.variants = append(s.variants, variant)
		if len(s.variants) > mostVariants {
			return &UsageError{"variant", fmt.Sprintf("the column has more than %d different values: is it the variant?", mostVariants)}
		}
	}
	if s.rows == 0 {
		s.earliest, s.latest = r.time, r.time
	}
	s.rows++
	if r.exposed {
		s.exposed++
		for i, d := range s.by {
			if err := d.see(r.segments[i]); err != nil {
				return err
			}
		}
	}
	s.earliest, s.latest = min(s.earliest, r.time), max(s.latest, r.time)
	s.late = max(s.late, s.latest-r.time)
	for i, m := range s.measures {
		if k := &r.marks[i]; k.counts && m.valued() {
			m.precision.see(k.value, k.magnitude)
		}
		if k := &r.covariates[i]; k.counts {
			m.covariate.precision.see(k.value, k.magnitude)
		}
	}
	s.seeConflict(r)
	return nil
}

func (s *survey) seeConflict(r *row) {
	if r.conflict == "" {
		return
	}
	a, seen := s.first[r.conflict]
	if !seen {
		s.first[strings.Clone(r.conflict)] = appearance{variant: strings.Clone(r.variant), rows: 1}
		return
	}
	a.rows++
	a.conflict = a.conflict || a.variant != r.variant
	s.first[r.conflict] = a
}

// conflicts returns the values seen with two variants.
func (s *survey) conflicts() map[string]bool {
	found := map[string]bool{}
	for value, a := range s.first {
		if a.conflict {
			found[value] = true
			s.conflictingRows += a.rows
		}
	}
	return found
}

// ordered returns the variants, control first, then by name: the order of the rows must not matter.
func (s *survey) ordered(control string) ([]string, error) {
	at := slices.Index(s.variants, control)
	if at < 0 {
		return nil, &UsageError{"control", fmt.Sprintf("no row has the variant %q: there are %s", control, quoted(s.variants))}
	}
	if len(s.variants) < 2 {
		return nil, &UsageError{"variant", fmt.Sprintf("every row has the variant %q: nothing to compare it with", control)}
	}
	others := slices.Delete(slices.Clone(s.variants), at, at+1)
	slices.Sort(others)
	return append([]string{control}, others...), nil
}

func quoted(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i == shownBad {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", name)
	}
	return b.String()
}
