package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay"
)

// The exit codes; scripts rely on them.
const (
	exitOK          = 0
	exitFailed      = 1 // failed, or differences found
	exitUsage       = 2 // the command line, the environment or the file of settings is wrong
	exitUnreachable = 3 // a service cannot be reached, or the log is no longer complete
	exitBadRows     = 4 // input rows cannot be counted
)

// exitError is an error that knows its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usageError says that what the user asked for makes no sense.
func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// unreachable marks err as that of a service that does not answer, or of a log that is no longer complete.
func unreachable(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUnreachable, err}
}

// exitCode returns the code of err; nil is exitOK. A dial that failed is a service out of reach, whoever says so.
func exitCode(err error) int {
	var (
		coded *exitError
		usage *replay.UsageError
		bad   *replay.BadRowsError
		dial  *net.OpError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &bad):
		return exitBadRows
	case errors.As(err, &dial) && dial.Op == "dial":
		return exitUnreachable
	}
	return exitFailed
}

// usageArgs makes what check says about the arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &exitError{exitUsage, err}
		}
		return nil
	}
}

// noArguments refuses arguments in words for people.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("takes no arguments, got %q", args[0])
	}
	return nil
}
