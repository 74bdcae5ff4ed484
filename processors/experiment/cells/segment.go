package cells

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
)

// segmentRow is all that is known of one segment of a run: the sum of its cells.
type segmentRow struct {
	unsent bool
	sent   bool  // the stats topic has a record
	closed bool  // that one is closed
	asOf   int64 // of that one
	sums   *experiment.Delta
}

func (r *segmentRow) reset() {
	*r = segmentRow{sums: r.sums}
	if r.sums == nil {
		r.sums = &experiment.Delta{}
	}
	*r.sums = experiment.Delta{Cells: r.sums.Cells[:0], Panes: r.sums.Panes[:0]}
}

func (r *segmentRow) append(dst []byte) ([]byte, error) {
	dst = append(dst, rowLayout, flag(r.unsent, flagUnsent)|flag(r.sent, flagSent)|flag(r.closed, flagClosed))
	return experiment.DeltaCodec{}.Append(binary.AppendVarint(dst, r.asOf), r.sums)
}

func (r *segmentRow) parse(data []byte) error {
	if len(data) < 3 || data[0] != rowLayout {
		return fmt.Errorf("cells: segment row of %d bytes: %w", len(data), errRow)
	}
	asOf, n := binary.Varint(data[2:])
	if n <= 0 {
		return fmt.Errorf("cells: segment row of %d bytes: %w", len(data), errRow)
	}
	r.unsent, r.sent, r.closed, r.asOf = data[1]&flagUnsent != 0, data[1]&flagSent != 0, data[1]&flagClosed != 0, asOf
	return experiment.DeltaCodec{}.Parse(data[2+n:], &r.sums)
}

// due says whether a record is to be sent beside a total: what has changed, and what is closed, or was, as of another time.
func (r *segmentRow) due(asOf int64, closed bool) bool {
	return r.unsent || (r.closed || closed) && (r.asOf != asOf || r.closed != closed)
}

// appendSegmentKey appends g|<experiment>|<run>|<segment>.
func appendSegmentKey(dst []byte, r *run, name string) []byte {
	dst = append(appendRunKey(dst, segmentRows, r.name, r.number), '|')
	return append(dst, name...)
}

// segmentOf is the name of the segment that a key of appendSegmentKey is of; it may hold any text.
func segmentOf(key []byte) string {
	parts := bytes.SplitN(key, []byte{'|'}, 4)
	if len(parts) < 4 {
		return ""
	}
	return string(parts[3])
}

// addSegments puts what counts at once of cells of segments into their rows. What waits for its pane gets a row too.
func (p *processor) addSegments(r *run, d *experiment.Delta) error {
	return p.eachSegment(r, d.Cells, func(sum *experiment.Delta, c *experiment.CellDelta) {
		if c.Ripe == 0 {
			addCell(sum, c, 0)
		}
	})
}

// matureSegments adds the cells of a pane of maturity to the rows of their segments.
func (p *processor) matureSegments(r *run, cells []experiment.CellDelta) error {
	return p.eachSegment(r, cells, func(sum *experiment.Delta, c *experiment.CellDelta) { matureCell(sum, c, false) })
}

// eachSegment adds cells to the rows of their segments, those that stand together at once.
func (p *processor) eachSegment(r *run, cells []experiment.CellDelta, add func(sum *experiment.Delta, c *experiment.CellDelta)) error {
	for i := 0; i < len(cells); {
		segment, j := cells[i].Segment, i+1
		for j < len(cells) && cells[j].Segment == segment {
			j++
		}
		if segment > 0 && segment <= len(r.segments) {
			if err := p.addSegment(r, r.segments[segment-1], cells[i:j], add); err != nil {
				return err
			}
		}
		i = j
	}
	return nil
}

func (p *processor) addSegment(r *run, name string, cells []experiment.CellDelta, add func(sum *experiment.Delta, c *experiment.CellDelta)) error {
	p.key = appendSegmentKey(p.key[:0], r, name)
	row, ok, err := p.table.Get(p.key)
	if err != nil {
		return err
	}
	if !ok {
		p.segment.reset()
	} else if err := p.segment.parse(row); err != nil {
		return err
	}
	for i := range cells {
		add(p.segment.sums, &cells[i])
	}
	p.segment.unsent = true
	return p.putSegment()
}

// putSegment writes the scratch to p.key.
func (p *processor) putSegment() (err error) {
	if p.row, err = p.segment.append(p.row[:0]); err != nil {
		return fmt.Errorf("cells: segment %q: %w", p.key, err)
	}
	p.table.Put(p.key, p.row)
	return nil
}

// keptSegment is a row with its place.
type keptSegment struct {
	segmentRow
	name  string
	index int // from 1
}

// loadSegments reads the rows of all segments of a run.
func (p *processor) loadSegments(r *run) (all []keptSegment, err error) {
	if len(r.segments) == 0 {
		return nil, nil
	}
	var bad error
	from := append(appendRunKey(nil, segmentRows, r.name, r.number), '|')
	err = p.table.Scan(from, after(from), func(key, row []byte) bool {
		k := keptSegment{name: segmentOf(key)}
		if k.index = 1 + slices.Index(r.segments, k.name); k.index == 0 {
			return true
		}
		bad = k.parse(row)
		all = append(all, k)
		return bad == nil
	})
	if err != nil {
		return nil, err
	}
	return all, bad
}

// whole is the sums of a total with those of its segments beside them.
func whole(sums *experiment.Delta, segments []keptSegment) *experiment.Delta {
	if len(segments) == 0 {
		return sums
	}
	all := *sums
	all.Cells = slices.Clone(sums.Cells)
	for i := range segments {
		all.Cells = append(all.Cells, segments[i].sums.Cells...)
	}
	return &all
}

// emitSegments sends the records of segments that are due beside a total.
func (p *processor) emitSegments(r *run, in TotalInput, segments []keptSegment) error {
	for i := range segments {
		k := &segments[i]
		if !k.due(in.AsOf, in.Closed) {
			continue
		}
		rec := Segment(in, k.index)
		rec.MaturedLate = p.total.late
		if err := p.publish(rec); err != nil {
			return err
		}
		k.unsent, k.sent, k.closed, k.asOf = false, true, in.Closed, in.AsOf
		p.segment, p.key = k.segmentRow, appendSegmentKey(p.key[:0], r, k.name)
		if err := p.putSegment(); err != nil {
			return err
		}
	}
	return nil
}

// againSegments has the records of all segments sent once more, with the total.
func (p *processor) againSegments(r *run) error {
	segments, err := p.loadSegments(r)
	if err != nil {
		return err
	}
	for i := range segments {
		p.segment, p.key = segments[i].segmentRow, appendSegmentKey(p.key[:0], r, segments[i].name)
		p.segment.unsent = true
		if err := p.putSegment(); err != nil {
			return err
		}
	}
	return nil
}

// tombstoneSegment removes the record of a segment from the stats topic.
func (p *processor) tombstoneSegment(experiment string, key []byte) {
	name := result.Key{Experiment: experiment, Grain: result.Total, Segment: segmentOf(key)}
	p.ctx.Send(p.cfg.Stats.Node().Index(), topology.Encoded{Key: []byte(name.String()), Time: p.ctx.StreamTime(), Partition: -1})
}
