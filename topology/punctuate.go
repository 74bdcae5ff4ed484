package topology

import (
	"errors"
	"fmt"
	"time"
)

// Clock is what a punctuator goes by.
type Clock uint8

const (
	// StreamClock is stream time. A punctuator fires as soon as there is one, then each time it passes a multiple of Every
	// since 1970. While the input is quiet stream time follows the wall clock.
	StreamClock Clock = iota + 1
	// WallClock is wall-clock time. A punctuator fires Every after the task first ran, and each Every from then on.
	WallClock
)

// Punctuator is a schedule of a processor, for Context.Punctuate. It is committed with what firing has changed and sent, so
// it survives restarts and moves of its task: it fires as if the task had run all the time, but once for all the times that
// its clock passed at once, or while the task was down. Kafka Streams begins each schedule anew.
type Punctuator struct {
	Name  string // in its sub-topology: no two have the same
	Clock Clock
	Every time.Duration // whole ms
	// Fire is called with the time of the clock, Unix ms, and no record at hand. What it forwards has the times that it
	// gives: Kafka Streams' would be now.
	Fire func(now int64) error
}

// Validate reports every fault of a punctuator at once.
func (p Punctuator) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("punctuator %q: "+format, append([]any{p.Name}, args...)...))
		}
	}
	check(nameRule.MatchString(p.Name), "a name has 1 to 120 of a-z A-Z 0-9 . _ -")
	check(p.Clock == StreamClock || p.Clock == WallClock, "its clock is neither StreamClock nor WallClock")
	check(p.Every >= time.Millisecond && p.Every%time.Millisecond == 0, "it fires every %s; that must be a whole number of ms, at least 1", p.Every)
	check(p.Fire != nil, "it has no Fire")
	return errors.Join(faults...)
}
