package topology

import "strings"

// Layout says what the rows of a store are. It is kept with the store: a topology that would read the rows of another
// layout is refused when a task starts. Only what rows and their keys depend on belongs in it, so that the rest may change.
type Layout struct {
	Rows       string // in words, with the parameters that keys depend on, as "results by windows of 1m0s"
	Key, Value string // formats of the codecs, as LayoutOf takes them; empty: not known, may be any
}

// LayoutOf is the layout of rows, in words, whose keys and values are of two codecs. Their formats are what a method
// Format() string says, which those of package codecs have; a codec without it, or nil, may be any.
func LayoutOf(rows string, key, value any) Layout {
	return Layout{Rows: rows, Key: formatOf(key), Value: formatOf(value)}
}

func formatOf(codec any) string {
	if f, ok := codec.(interface{ Format() string }); ok {
		return f.Format()
	}
	return ""
}

// Fits says whether rows that were kept in a layout are of this one.
func (l Layout) Fits(kept Layout) bool {
	same := func(a, b string) bool { return a == b || a == "" || b == "" }
	return l.Rows == kept.Rows && same(l.Key, kept.Key) && same(l.Value, kept.Value)
}

// String describes the rows.
func (l Layout) String() string {
	text := l.Rows
	if text == "" {
		text = "rows of a processor's own"
	}
	var formats []string
	if l.Key != "" {
		formats = append(formats, "keys "+l.Key)
	}
	if l.Value != "" {
		formats = append(formats, "values "+l.Value)
	}
	if len(formats) > 0 {
		text += " (" + strings.Join(formats, ", ") + ")"
	}
	return text
}
