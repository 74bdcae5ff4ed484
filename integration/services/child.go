package services

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Child is a process of the test binary itself that takes orders from its parent and tells it lines.
type Child struct {
	*Process
	orders io.Writer
}

// StartChild starts the test binary again with more environment; TestMain is where it finds out. What it writes to standard
// error is appended to a log file, each line of its standard output is told until it ends, one at a time.
func StartChild(log string, env []string, told func(line string)) (*Child, error) {
	stderr, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log of a child: %w", err)
	}
	defer stderr.Close()
	lines, stdout, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe from a child: %w", err)
	}
	defer stdout.Close()
	stdin, orders, err := os.Pipe()
	if err != nil {
		lines.Close()
		return nil, fmt.Errorf("pipe to a child: %w", err)
	}
	defer stdin.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	p, err := Start(cmd)
	if err != nil {
		lines.Close()
		orders.Close()
		return nil, err
	}
	go func() { // ends with the process, whose end of the pipe is the last one
		defer lines.Close()
		defer orders.Close()
		for scan := bufio.NewScanner(lines); scan.Scan(); {
			told(scan.Text())
		}
	}()
	return &Child{p, orders}, nil
}

// Order writes words to the child's standard input, as one line.
func (c *Child) Order(words ...any) error {
	if _, err := fmt.Fprintln(c.orders, words...); err != nil {
		return fmt.Errorf("order to a child: %w", err)
	}
	return nil
}
