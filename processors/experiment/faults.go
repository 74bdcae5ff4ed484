package experiment

import (
	"fmt"
	"strings"
)

// faults collects what is wrong with a definition; every fault names the path of its field.
type faults struct {
	under string // path of what is being looked at, with a point at the end
	all   []error
}

// fault is one of them.
type fault struct {
	path string
	err  error
}

func (f *fault) Error() string { return f.path + ": " + f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// add is for a fault in any case.
func (f *faults) add(field, format string, args ...any) {
	f.all = append(f.all, &fault{f.under + field, fmt.Errorf(format, args...)})
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
	f.add(field, "%q is unknown, want %s%s", word, strings.Join(words, " or "), meant(word, words...))
}
