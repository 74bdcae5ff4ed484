package table

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs/result"
)

// Lines writes a record as plain lines, one a comparison, for pipes and logs: fields name=value, blanks in names as
// they are in quotes. Of windows it writes nothing; a segment stands behind the name of its experiment, shop|country=DE.
func (t *Table) Lines(w io.Writer, rec *result.Record) error {
	if !t.shows(rec) {
		return nil
	}
	var b strings.Builder
	at := time.UnixMilli(rec.AsOf).UTC().Format("2006-01-02T15:04:05.000Z")
	rows, name := rowsOf(rec), rec.Experiment
	if rec.Segment != "" {
		name += "|" + word(rec.Segment)
	}
	var control *row
	for i := range rows {
		r := &rows[i]
		if r.compared == nil {
			control = r
			continue
		}
		fmt.Fprintf(&b, "%s %s %s %s n=%s value=%s", at, name, r.metric, word(r.variant), r.n(), bare(r.value()))
		if control != nil && control.metric == r.metric {
			fmt.Fprintf(&b, " control=%s", bare(control.value()))
		}
		c := r.compared
		fmt.Fprintf(&b, " lift=%s interval_always=%s p_always=%s verdict=%s interval=%s p=%s\n", bare(signed(c.Relative)),
			bare(between(c.RelativeIntervalAlways)), bare(probability(c.PAlways)), word(c.Verdict), bare(between(c.RelativeInterval)), bare(probability(c.P)))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write lines of %s: %w", rec.Experiment, err)
	}
	return nil
}

// bare takes the blanks out of a figure.
func bare(text string) string {
	if text == missing {
		return "-"
	}
	return strings.ReplaceAll(text, " ", "")
}

// word quotes a name with blanks.
func word(name string) string {
	if strings.ContainsRune(name, ' ') || name == "" {
		return fmt.Sprintf("%q", name)
	}
	return name
}
