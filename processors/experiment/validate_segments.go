package experiment

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of segments and of units that are left out.
const (
	maxValues     = 50 // of a dimension
	maxValueBytes = 64
	maxListed     = 1000
	maxUnitBytes  = 256
)

var holdoutName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$`)

func (d *Definition) validateSegments(f *faults) {
	f.check(len(d.Segments) > 0 && d.Unit == unitEvent, "segments", "are of units, an experiment of unit: event has none, leave them out")
	f.check(len(d.Segments) > MaxDimensions, "segments", "%d dimensions are too many, want at most %d", len(d.Segments), MaxDimensions)
	for i := range d.Segments {
		s := &d.Segments[i]
		f.under = "segments." + metricPath(s.Name, i) + "."
		f.check(!metricName.MatchString(s.Name), "name", "%q is no name, want a to z, 0 to 9, _ and -, at most 63, not _ or - first", s.Name)
		f.check(slices.ContainsFunc(d.Segments[:i], func(other Dimension) bool { return other.Name == s.Name }), "name", "%q is given twice", s.Name)
		f.check(len(s.Values) == 0, "values", "want at least one, such as [DE, FR]; what is not listed is %s", OtherSegment)
		f.check(len(s.Values) > maxValues, "values", "%d are too many, want at most %d; what is not listed is %s", len(s.Values), maxValues, OtherSegment)
		for j, value := range s.Values {
			validateValueOf(f, s.Values[:j], value)
		}
	}
	f.under = ""
}

// validateValueOf checks one value of a dimension, listed behind others.
func validateValueOf(f *faults, before []string, value string) {
	if !ValidSegment(value) {
		f.add("values", "%q is no value, want 1 to %d bytes of text in one line, and not %s", value, maxValueBytes, OtherSegment)
	}
	f.check(slices.Contains(before, value), "values", "%q is given twice", value)
}

// ValidSegment says whether a dimension may list a value: it is part of keys, and not OtherSegment.
func ValidSegment(value string) bool {
	return value != "" && len(value) <= maxValueBytes && value != OtherSegment && utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl)
}

// validateLeftOut checks which units are not analysed.
func (d *Definition) validateLeftOut(f *faults) {
	units := d.Exclude.Units
	f.check(d.Unit == unitEvent && len(units) > 0, "exclude.units", "is for unit: user only, leave it out")
	f.check(len(units) > maxListed, "exclude.units", "%d are too many, want at most %d; use a holdout for a share", len(units), maxListed)
	for i, unit := range units {
		f.check(unit == "" || len(unit) > maxUnitBytes, "exclude.units."+strconv.Itoa(i), "%q is no unit, want 1 to %d bytes", unit, maxUnitBytes)
	}
	if d.Holdout == nil {
		return
	}
	f.check(d.Unit == unitEvent, "holdout", "is for unit: user only, leave it out")
	f.check(!holdoutName.MatchString(d.Holdout.Name), "holdout.name", "%q is no name, want letters, digits, _ and -, at most 63, not _ or - first", d.Holdout.Name)
	f.check(!(d.Holdout.Share > 0 && d.Holdout.Share < 1), "holdout.share", "%v, want more than 0, less than 1", d.Holdout.Share)
}
