package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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

// noArguments refuses arguments in words for people; a command that reads files takes them by -f.
func noArguments(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.Flags().Lookup("file") != nil:
		return fmt.Errorf("takes no arguments, give the file with -f: %s -f %s", cmd.CommandPath(), args[0])
	}
	return fmt.Errorf("takes no arguments, got %q", args[0])
}

// names wants one experiment or, with several, one or more.
func names(several bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("name the experiment: %s checkout-button", cmd.CommandPath())
		}
		if len(args) > 1 && !several {
			return fmt.Errorf("takes one experiment, got %q too", args[1])
		}
		return nil
	}
}

// flagFault says in words for people what is wrong with a flag, and which was meant.
func flagFault(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		near := ""
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if near == "" && !f.Hidden && isNear(unknown.GetSpecifiedName(), f.Name) {
				near = ": did you mean --" + f.Name + "?"
			}
		})
		err = fmt.Errorf("%w%s", err, near)
	case errors.As(err, &invalid):
		if want := wanted[invalid.GetFlag().Value.Type()]; want != "" {
			err = fmt.Errorf("--%s %q: want %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
	}
	return &exitError{exitUsage, err}
}

// isNear asks cobra whether a word may be a slip for a known one.
func isNear(word, known string) bool {
	all := &cobra.Command{SuggestionsMinimumDistance: 2}
	all.AddCommand(&cobra.Command{Use: known, Run: func(*cobra.Command, []string) {}})
	return len(word) > 1 && len(all.SuggestionsFor(word)) > 0
}

// wanted is what flags take, by their types.
var wanted = map[string]string{
	"duration": "a length of time such as 20s, 5m or 1h", "float64": "a number", "float64Slice": "numbers, comma-separated", "bool": "true or false",
	"int": "a whole number", "int32": "a whole number", "int64": "a whole number", "uint64": "a whole number of 0 or more",
}
