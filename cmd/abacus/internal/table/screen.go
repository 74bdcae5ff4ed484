package table

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// The escapes of a frame: synchronized output where the terminal knows it, the cursor away while it is drawn and only
// then: a process that is killed leaves it visible.
const (
	beginFrame = "\x1b[?2026h"
	endFrame   = "\x1b[?2026l"
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	clearRight = "\x1b[K"
	clearBelow = "\x1b[J"
	clearAll   = "\x1b[2J\x1b[H"
)

// Screen draws frames in place on a terminal: each begins where the one before began. It is for one goroutine.
type Screen struct {
	out   io.Writer
	size  func() (width, height int)
	width int // of the frame that stands there
	lines int
}

// WidthOf returns the width in characters of the terminal that out is, else, with terminal false, the width otherwise.
func WidthOf(out io.Writer, otherwise int) (width int, terminal bool) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return otherwise, false
	}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		return width, true
	}
	return 80, true
}

// NewScreen returns a screen on file; ok is false if file is no terminal.
func NewScreen(file *os.File) (s *Screen, ok bool) {
	descriptor := int(file.Fd())
	if !term.IsTerminal(descriptor) {
		return nil, false
	}
	size := func() (width, height int) {
		width, height, err := term.GetSize(descriptor)
		if err != nil || width < 1 || height < 1 {
			return 80, 24
		}
		return width, height
	}
	return &Screen{out: file, size: size}, true
}

// Draw shows the table, and below it lines of the caller's, in place of the frame before. What is higher than the
// terminal is cut. One write a frame.
func (s *Screen) Draw(t *Table, below ...string) error { return s.draw(t, below, true) }

// Finish is Draw for the last time: whole, so that it scrolls where the terminal is lower.
func (s *Screen) Finish(t *Table, below ...string) error { return s.draw(t, below, false) }

func (s *Screen) draw(t *Table, below []string, fit bool) error {
	width, height := s.size()
	var frame strings.Builder
	if err := t.Render(&frame, width); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(frame.String(), "\n"), "\n")
	if room := max(height-1-len(below), 1); fit && len(lines) > room {
		hidden := len(lines) - room + 1
		lines = append(lines[:room-1], fmt.Sprintf("… %d more lines", hidden))
	}
	for _, line := range below {
		lines = append(lines, cut(line, width))
	}
	_, err := io.WriteString(s.out, s.frame(lines, width))
	if err != nil {
		return fmt.Errorf("draw the table: %w", err)
	}
	s.width, s.lines = width, len(lines)
	return nil
}

// frame returns the lines with the escapes that put them in place of the last.
func (s *Screen) frame(lines []string, width int) string {
	var b strings.Builder
	b.WriteString(beginFrame + hideCursor)
	switch {
	case s.lines > 0 && s.width != width: // the terminal has broken the old lines as it liked
		b.WriteString(clearAll)
	case s.lines > 0:
		fmt.Fprintf(&b, "\x1b[%dA\r", s.lines)
	}
	for _, line := range lines {
		b.WriteString(line + clearRight + "\n")
	}
	b.WriteString(clearBelow + showCursor + endFrame)
	return b.String()
}

// Close leaves the last frame where it is and gives the cursor back.
func (s *Screen) Close() error {
	if _, err := io.WriteString(s.out, showCursor); err != nil {
		return fmt.Errorf("give the cursor back: %w", err)
	}
	return nil
}
