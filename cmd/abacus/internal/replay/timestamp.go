package replay

import (
	"strconv"
	"strings"
	"time"
)

// The first moment an event may have, and where rows without a time column begin. Unix ms.
const firstTime = 946684800000 // 2000-01-01T00:00:00Z

// layouts are the written times that are understood. Fractions of a second are read after every one with seconds;
// without a zone a time is UTC.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05Z0700",
	"2006-01-02 15:04:05 Z0700",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05Z07",
	"2006-01-02",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02T15:04Z07:00",
	"1/2/2006",
	"1/2/2006 15:04",
	"1/2/2006 15:04:05",
	"1/2/2006 3:04 PM",
	"1/2/2006 3:04:05 PM",
}

// clock reads written times; it tries the layout that worked last first, as a column has one.
type clock struct{ last int }

// parse returns Unix ms, floored. Numbers are Unix seconds, or milliseconds from 10^11 on.
func (c *clock) parse(text string) (ms int64, ok bool) {
	if ms, ok = unixTime(text); ok {
		return ms, true
	}
	text = strings.TrimSuffix(text, " UTC")
	if t, err := time.Parse(layouts[c.last], text); err == nil {
		return t.UnixMilli(), true
	}
	for i, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			c.last = i
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

// unixTime reads an integer of Unix seconds or milliseconds, or seconds with a fraction.
func unixTime(text string) (ms int64, ok bool) {
	const firstMillis = 1e11
	whole, fraction, pointed := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || whole[0] == '+' {
		return 0, false
	}
	if n >= firstMillis {
		return n, !pointed
	}
	if pointed {
		digits := (fraction + "000")[:3]
		if f, err := strconv.ParseUint(digits, 10, 16); err != nil || !digitsOnly(fraction) {
			return 0, false
		} else {
			return n*1000 + int64(f), true
		}
	}
	return n * 1000, true
}

func digitsOnly(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}
