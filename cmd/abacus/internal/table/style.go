package table

import (
	"strings"
	"unicode/utf8"

	"github.com/abacus-stream/abacus/codecs/result"
)

// style is how a cell looks: the parameters of one ANSI escape, empty for plain.
type style string

const (
	plain  style = ""
	strong style = "1"
	faint  style = "2"
	good   style = "32"
	poor   style = "31"
	odd    style = "33"
)

// cell is a piece of text with its look.
type cell struct {
	text string
	look style
}

// write appends the cell in a field of width characters.
func (c cell) write(b *strings.Builder, width int, right, color bool) {
	text := cut(c.text, width)
	room := strings.Repeat(" ", width-utf8.RuneCountInString(text))
	if right {
		b.WriteString(room)
	}
	if color && c.look != plain && text != "" {
		b.WriteString("\x1b[" + string(c.look) + "m" + text + "\x1b[0m")
	} else {
		b.WriteString(text)
	}
	if !right {
		b.WriteString(room)
	}
}

// cut shortens text to width characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	if width < 1 {
		return ""
	}
	return string([]rune(text)[:width-1]) + "…"
}

// lookOf is how the lift of a comparison looks: by the verdict, and strong where the interval that holds at any time is without 0.
func lookOf(c *result.Comparison) style {
	switch c.Verdict {
	case "better":
		return good
	case "worse":
		return poor
	case "broken split", "broken assignment":
		return odd
	}
	low, okLow := c.RelativeIntervalAlways[0].Float()
	high, okHigh := c.RelativeIntervalAlways[1].Float()
	if okLow && low > 0 || okHigh && high < 0 {
		return strong
	}
	return plain
}
