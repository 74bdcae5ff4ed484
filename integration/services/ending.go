package services

import "testing"

// AtEnd calls f when the tests of this binary are over, before the services end. It is for what a
// test makes for all the others.
func AtEnd(t testing.TB, f func()) {
	t.Helper()
	demandMain(t)
	shared.Lock()
	defer shared.Unlock()
	shared.ending = append(shared.ending, func(bool) { f() })
}
