package topology

import (
	"fmt"
	"runtime/debug"
)

// Catch, deferred, makes an error of a panic of the user's code, with its place: for what runs a topology.
func Catch(err *error) {
	if p := recover(); p != nil {
		*err = &panicked{p, debug.Stack()}
	}
}

// panicked is a panic as an error.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }
