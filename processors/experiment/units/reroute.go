package units

import (
	"bytes"
	"strconv"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/topology"
)

// Headers of a record on the detour.
const (
	HeaderSource   = "abacus.source"   // topic/partition/offset of the original
	HeaderAppended = "abacus.appended" // its append time, decimal ms
)

// misplaced says whether a record must take the detour: its key is not its unit, or its partition not that of the unit.
// Marks of the end and events without a unit are where they belong.
func (p *processor) misplaced(ev *event.Event) bool {
	if len(ev.Unit) == 0 || string(ev.Type) == EndOfInput || p.src.Topic == p.cfg.Detour.Node().Topic {
		return false
	}
	return !bytes.Equal(p.src.Key, ev.Unit) || p.src.Partition != topology.PartitionOf(ev.Unit, p.ctx.Tasks())
}

// reroute sends the record as it was read, key included, to the partition of its unit.
func (p *processor) reroute(ev *event.Event) {
	headers := append([]topology.Header{
		{Key: HeaderSource, Value: []byte(p.src.String())},
		{Key: HeaderAppended, Value: strconv.AppendInt(nil, p.src.Appended, 10)},
	}, p.src.Headers...)
	p.ctx.Send(p.cfg.Detour.Node().Index(), topology.Encoded{
		Key: p.src.Key, Value: p.src.Value, Time: ev.Time, Partition: topology.PartitionOf(ev.Unit, p.ctx.Tasks()), Headers: headers,
	})
	p.ctx.Count("rerouted", 1)
}
