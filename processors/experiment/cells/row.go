package cells

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// Layouts by their first byte: of totals, which are read in those before as well, and of all other rows.
const (
	totalLayout    = 3
	totalLayoutTwo = 2
	totalLayoutOne = 1
	rowLayout      = 1
)

// Flags of a row.
const (
	flagUnsent = 1 << iota // changed since its record was sent
	flagSent               // the stats topic has a record of it
	flagClosed             // of a segment: that record is closed
)

var errRow = errors.New("malformed row")

// totalRow is all that is known of one run: the sum of its deltas, without panes. sums.Version is the
// newest version of the definition that its record reflects.
type totalRow struct {
	unsent bool
	last   int64 // end of the latest pane that is not empty, 0 when there is none
	ripe   int64 // end of the latest pane of maturity, folded or not; 0 when there is none
	folded int64 // start of the latest that is folded: the matured sums and the watch are of those up to it
	late   int64 // times that a pane of maturity came when it was folded already
	watch  Watch
	sums   *experiment.Delta
}

// reset makes the row that of a new run.
func (r *totalRow) reset(run int, version int64) {
	r.unsent, r.last, r.ripe, r.folded, r.late = false, 0, 0, 0, 0
	r.watch.reset()
	if r.sums == nil {
		r.sums = &experiment.Delta{}
	}
	*r.sums = experiment.Delta{Run: run, Version: version, Cells: r.sums.Cells[:0], Panes: r.sums.Panes[:0]}
}

func (r *totalRow) append(dst []byte) ([]byte, error) {
	dst = append(dst, totalLayout, flag(r.unsent, flagUnsent))
	for _, n := range []int64{r.last, r.ripe, r.folded, r.late} {
		dst = binary.AppendVarint(dst, n)
	}
	dst = r.watch.append(dst)
	return experiment.DeltaCodec{}.Append(dst, r.sums)
}

func (r *totalRow) parse(data []byte) error {
	if len(data) < 3 || data[0] < totalLayoutOne || data[0] > totalLayout {
		return fmt.Errorf("cells: total row of %d bytes: %w", len(data), errRow)
	}
	in, ok := numbers{rest: data[2:]}, true
	r.unsent, r.last = data[1]&flagUnsent != 0, in.varint()
	r.ripe, r.folded, r.late = 0, 0, 0
	r.watch.reset()
	if data[0] != totalLayoutOne {
		r.ripe, r.folded, r.late = in.varint(), in.varint(), in.varint()
		in.rest, ok = r.watch.parse(in.rest)
	}
	if in.bad || !ok {
		return fmt.Errorf("cells: total row of %d bytes: %w", len(data), errRow)
	}
	return experiment.DeltaCodec{}.Parse(in.rest, &r.sums)
}

// upgrade makes a row of a layout before what it would be had all its deltas come in one of before: conversions have no drawn units.
func (r *totalRow) upgrade(layout byte, of *run) {
	switch layout {
	case totalLayoutOne:
		r.matureEvents(of)
	case totalLayoutTwo:
		r.watch.forgetConversions(&of.entry.Versions[0].Definition)
	}
}

// matureEvents fills the matured sums of a row of layout 1, which had none of tagged events.
func (r *totalRow) matureEvents(of *run) {
	for i := range r.sums.Cells {
		if c := &r.sums.Cells[i]; of.events() && of.entry.Versions[0].Definition.RandomisedBy == unitEvent {
			c.FirstSeen, c.Matured = c.Units, slices.Clone(c.Live)
		}
	}
}

// windowRow is one window of one grain: one PaneDelta a variant, each with the start of the window.
type windowRow struct {
	unsent, sent bool
	sums         *experiment.Delta
}

func (r *windowRow) reset() {
	r.unsent, r.sent = false, false
	if r.sums == nil {
		r.sums = &experiment.Delta{}
	}
	*r.sums = experiment.Delta{Cells: r.sums.Cells[:0], Panes: r.sums.Panes[:0]}
}

// empty says that nothing ever happened in the window, or that all of it was taken back in time.
func (r *windowRow) empty() bool {
	for i := range r.sums.Panes {
		if !emptyPane(&r.sums.Panes[i]) {
			return false
		}
	}
	return true
}

func (r *windowRow) append(dst []byte) ([]byte, error) {
	dst = append(dst, rowLayout, flag(r.unsent, flagUnsent)|flag(r.sent, flagSent))
	return experiment.DeltaCodec{}.Append(dst, r.sums)
}

func (r *windowRow) parse(data []byte) error {
	if len(data) < 3 || data[0] != rowLayout {
		return fmt.Errorf("cells: window row of %d bytes: %w", len(data), errRow)
	}
	r.unsent, r.sent = data[1]&flagUnsent != 0, data[1]&flagSent != 0
	return experiment.DeltaCodec{}.Parse(data[2:], &r.sums)
}

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

// Unsent reads a row from the changelog of Store: the experiment of a total or a window, and whether it has changed since
// its record was sent. Of rows of another kind the name is empty.
func Unsent(key, value []byte) (experiment string, unsent bool) {
	if len(key) < 2 || len(value) < 2 || key[0] != totalRows && key[0] != windowRows {
		return "", false
	}
	name, _, _ := bytes.Cut(key[2:], []byte{'|'})
	return string(name), value[1]&flagUnsent != 0
}

// Close is a row of the close schedule: the window was closed when the watermark had come to Watermark and
// the deltas before Offset of their topic were in it.
type Close struct {
	Experiment string
	Run        int
	Grain      string
	Start      int64 // of the window, Unix ms
	Watermark  int64 // Unix ms
	Offset     int64 // -1 where the topic is not known
}

// appendClose appends the value of a schedule row.
func appendClose(dst []byte, watermark, offset int64) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, rowLayout), uint64(watermark))
	return binary.BigEndian.AppendUint64(dst, uint64(offset))
}

// ParseClose reads a row of the close schedule from the changelog of Store; ok is false for rows of another kind.
func ParseClose(key, value []byte) (c Close, ok bool, err error) {
	if len(key) == 0 || key[0] != scheduleRows {
		return c, false, nil
	}
	w, ok := parseWindowKey(key)
	if !ok || len(value) != 17 || value[0] != rowLayout {
		return c, false, fmt.Errorf("cells: schedule row %q: %w", key, errRow)
	}
	c = Close{Experiment: w.experiment, Run: w.run, Grain: w.grain, Start: w.start}
	c.Watermark = int64(binary.BigEndian.Uint64(value[1:]))
	c.Offset = int64(binary.BigEndian.Uint64(value[9:]))
	return c, true, nil
}
