package replay

import (
	"fmt"
	"strings"
)

// columns are the names of a file's columns.
type columns []string

// find returns the index of the column called name; the error lists what there is.
func (c columns) find(name string) (int, error) {
	found := -1
	for i, column := range c {
		if column != name {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("the file has two columns called %q", name)
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("no column %q: the file has %s", name, strings.Join(c, ", "))
	}
	return found, nil
}
