package processors

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/abacus-stream/abacus/state"
)

var errRow = errors.New("malformed row")

// misread is the fault of a row that its store cannot have written as it is declared now.
func misread(store string, key []byte, cause error) error {
	return fmt.Errorf("store %s: row of key %x: %w: it was written by another kind of store or with another codec; give the store what it had, or another name, under which it begins empty, or reset the app's topics and state together (abacus topics reset, worker.PlanReset)",
		store, key, cause)
}

// eachRow is a scan of rows whose keys begin with the version and are as long as a head, at the least. Another row is a
// fault, at which the scan ends.
func eachRow(table *state.Table, head int, from []byte, visit func(key, value []byte) bool) error {
	var fault error
	err := table.Scan(from, nil, func(key, value []byte) bool {
		if len(key) < head || key[0] != windowedVersion {
			fault = misread(table.Name(), key, errRow)
			return false
		}
		return visit(key, value)
	})
	return cmp.Or(err, fault)
}
