package replay

import (
	"fmt"
	"strings"
)

// shownBad is how many bad rows an error lists.
const shownBad = 10

// BadRow is a row that cannot be counted.
type BadRow struct {
	Line   int // in the file, from 1
	Reason string
}

// BadRowsError says that rows of the file cannot be counted; nothing of it has been fed.
type BadRowsError struct {
	File  string
	Count int
	First []BadRow // the first ten
}

// Error lists the first rows with their reasons and says what can be done.
func (e *BadRowsError) Error() string {
	var b strings.Builder
	switch e.Count {
	case 0:
		return fmt.Sprintf("%s: no row to count", e.File)
	case 1:
		fmt.Fprintf(&b, "%s: 1 bad row\n", e.File)
	default:
		fmt.Fprintf(&b, "%s: %d bad rows\n", e.File, e.Count)
	}
	for _, row := range e.First {
		fmt.Fprintf(&b, "  line %d: %s\n", row.Line, row.Reason)
	}
	if more := e.Count - len(e.First); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	b.WriteString("choose rows with --where, or count the bad ones and go on with --skip-bad")
	return b.String()
}

// badRow is the reason of one row on its way to the list.
type badRow struct{ reason string }

func (b *badRow) Error() string { return b.reason }

func bad(format string, args ...any) error { return &badRow{reason: fmt.Sprintf(format, args...)} }

// shown quotes a cell, shortened where it is long.
func shown(cell string) string {
	const most = 40
	if runes := []rune(cell); len(runes) > most {
		cell = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", cell)
}
