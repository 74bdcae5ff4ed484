package units

import (
	"bytes"
	"strconv"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/topology"
)

// Headers of a record on the detour.
const (
	headerSource   = "abacus.source"   // topic/partition/offset of the original
	headerAppended = "abacus.appended" // its append time, decimal ms
	headerArrived  = "abacus.arrived"  // stream time of the task that read it, decimal ms
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
		{Key: headerSource, Value: []byte(p.src.String())},
		{Key: headerAppended, Value: strconv.AppendInt(nil, p.src.Appended, 10)},
		{Key: headerArrived, Value: strconv.AppendInt(nil, p.ctx.StreamTime(), 10)},
	}, p.src.Headers...)
	p.ctx.Send(p.cfg.Detour.Node().Index(), topology.Encoded{
		Key: p.src.Key, Value: p.src.Value, Time: ev.Time, Partition: topology.PartitionOf(ev.Unit, p.ctx.Tasks()), Headers: headers,
	})
	p.ctx.Count("rerouted", 1)
}

// arrived is the stream time at which the event at hand came. Of one on the detour it is that of the task that read it:
// in a backlog the unit's own task may be hours ahead of it, which makes nothing late.
func (p *processor) arrived() int64 {
	if p.src.Topic != p.cfg.Detour.Node().Topic || p.waited {
		return p.ctx.StreamTime()
	}
	at, err := strconv.ParseInt(string(p.src.Header(headerArrived)), 10, 64)
	if err != nil { // sent by an earlier version
		return p.ctx.StreamTime()
	}
	return at
}
