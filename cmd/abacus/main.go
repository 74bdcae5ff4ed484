// Command abacus is the stream processor and the experimentation engine built on it, in one binary.
//
// Each command is one file and one function newXCommand; root.go lists them. settings.go holds what all commands
// share and where it comes from, exit.go what the process ends with.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := execute(ctx, newRootCommand(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	os.Exit(code)
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// execute runs the command line and returns the exit code; an error is told once, here.
func execute(ctx context.Context, root *command, args []string, io streams) int {
	root.SetArgs(args)
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	ran, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	fmt.Fprintf(io.err, "%s: %v\n", ran.CommandPath(), err)
	if code == exitUsage {
		fmt.Fprintf(io.err, "Run '%s --help' for usage and examples.\n", ran.CommandPath())
	}
	return code
}
