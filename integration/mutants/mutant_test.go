package mutants

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// root is the folder of the module.
const root = "../.."

// mutant is one seeded bug.
type mutant struct {
	bug    string // in a few words, for the table
	breaks string // the promise that does not hold any more
	edits  []edit
	checks []check // each must fail
}

// edit is one change of a file, named from the root of the module; before occurs in it exactly once.
type edit struct{ file, before, after string }

// check is a test of a package that is there for the bug.
type check struct {
	pkg, test string
	sub       string // the subtest to run; empty: all
	tries     int    // for a bug that shows by chance; 0: 1
	flags     string // for the test binary
}

// all are the seeded bugs in the order of the table.
func all() []mutant {
	return slices.Concat(commits, meanings, operators, decisions, tables, standbys, readings)
}

// sources gives the texts of the files that a mutant changes, by name.
func (m *mutant) sources() (map[string]string, error) {
	changed := map[string]string{}
	for _, e := range m.edits {
		original, err := os.ReadFile(filepath.Join(root, e.file))
		if err != nil {
			return nil, err
		}
		if n := strings.Count(string(original), e.before); n != 1 {
			return nil, fmt.Errorf("%s: this occurs %d times, not once; move the seeded bug with the code:\n%s", e.file, n, e.before)
		}
		text, seeded := changed[e.file]
		if !seeded {
			text = string(original)
		}
		if changed[e.file] = strings.Replace(text, e.before, e.after, 1); changed[e.file] == text {
			return nil, fmt.Errorf("%s: an edit changes nothing:\n%s", e.file, e.before)
		}
	}
	return changed, nil
}
