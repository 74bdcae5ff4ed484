package broker

import (
	"encoding/binary"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// counter counts records by key in a table and forwards each new count at the flush.
type counter struct {
	ctx     topology.Context
	out     topology.Forward[string, int64]
	changed map[string]int64
}

func (c *counter) Init(ctx topology.Context) error {
	c.ctx, c.changed = ctx, map[string]int64{}
	ctx.OnFlush(func() error {
		for key, n := range c.changed {
			if err := c.out(&topology.Record[string, int64]{Key: key, Value: n}); err != nil {
				return err
			}
		}
		clear(c.changed)
		return nil
	})
	return nil
}

func (c *counter) Process(rec *topology.Record[string, string]) error {
	table := c.ctx.Table("counted")
	row, ok, err := table.Get([]byte(rec.Key))
	if err != nil {
		return err
	}
	n := int64(1)
	if ok {
		n += int64(binary.BigEndian.Uint64(row))
	}
	table.Put([]byte(rec.Key), binary.BigEndian.AppendUint64(nil, uint64(n)))
	c.changed[rec.Key] = n
	return nil
}

// counting counts words behind a repartition topic: two sub-topologies, two hops.
func counting(app string) (*topology.Topology, error) {
	var b topology.Builder
	words := topology.From(&b, app+"-words", codecs.String, codecs.String)
	again := topology.Repartition(words, "again")
	counts := topology.Process(again, "count", topology.Needs{Stores: []topology.Store{{Name: "counted"}}},
		func(out topology.Forward[string, int64]) topology.Processor[string, string] {
			return &counter{out: out}
		})
	topology.To(topology.WithCodecs(counts, codecs.String, codecs.Int64), app+"-counts")
	return b.Build(app)
}
