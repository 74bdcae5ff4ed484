package operators

import (
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// tallying counts the records of each key, and tells all counts when records pass a multiple of ten seconds.
type tallying struct {
	out  topology.Forward[string, int64]
	rows *state.Rows[string, int64]
}

// tallies is the stream of what it tells. One firing more, one less, or one that is done with what came after it, shows.
func tallies(in topology.Stream[string, string]) topology.Stream[string, int64] {
	needs := topology.Needs{Stores: []topology.Store{{Name: "tallies"}}}
	told := topology.Process(in, "tallies", needs, func(out topology.Forward[string, int64]) topology.Processor[string, string] {
		return &tallying{out: out}
	})
	return topology.WithCodecs(told, codecs.String, codecs.Int64)
}

func (p *tallying) Init(ctx topology.Context) error {
	p.rows = state.NewRows(ctx.Table("tallies"), codecs.String, codecs.Int64)
	return ctx.Punctuate(topology.Punctuator{Name: "tell", Clock: topology.StreamClock, Every: 10 * time.Second, Fire: p.tell})
}

func (p *tallying) Process(rec *topology.Record[string, string]) error {
	n, _, err := p.rows.Get(rec.Key)
	if err != nil {
		return err
	}
	return p.rows.Put(rec.Key, n+1)
}

func (p *tallying) tell(now int64) (err error) {
	scanned := p.rows.Scan(func(key string, n int64) bool {
		err = p.out(&topology.Record[string, int64]{Key: key, Value: n, Time: now})
		return err == nil
	})
	if err != nil {
		return err
	}
	return scanned
}
