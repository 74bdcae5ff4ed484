package experiment

import (
	"errors"
	"fmt"
	"strings"
)

// faults collects what is wrong with a definition; every fault names the path of its field.
type faults struct {
	under string // path of what is being looked at, with a point at the end
	all   []error
}

// add is for a fault in any case.
func (f *faults) add(field, format string, args ...any) {
	f.all = append(f.all, fmt.Errorf("%s%s: "+format, append([]any{f.under, field}, args...)...))
}

// check adds the fault if the field is wrong.
func (f *faults) check(wrong bool, field, format string, args ...any) {
	if wrong {
		f.add(field, format, args...)
	}
}

// oneOf refuses a word that is not on the list; none is as good as one of them.
func (f *faults) oneOf(field, word string, words ...string) {
	for _, known := range words {
		if word == known || word == "" {
			return
		}
	}
	f.add(field, "%q is unknown, want %s", word, strings.Join(words, " or "))
}

// err joins the faults; nil if there are none.
func (f *faults) err() error { return errors.Join(f.all...) }
