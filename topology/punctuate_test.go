package topology_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// tallying counts the records of each key and forwards all counts once a minute of a clock.
type tallying struct {
	clock  topology.Clock
	out    topology.Forward[string, int64]
	counts *state.Rows[string, int64]
}

func (p *tallying) Init(ctx topology.Context) error {
	p.counts = state.NewRows(ctx.Table("tallies"), codecs.String, codecs.Int64)
	return ctx.Punctuate(topology.Punctuator{Name: "each-minute", Clock: p.clock, Every: time.Minute, Fire: p.tell})
}

func (p *tallying) Process(rec *topology.Record[string, string]) error {
	n, _, err := p.counts.Get(rec.Key)
	if err != nil {
		return err
	}
	return p.counts.Put(rec.Key, n+1)
}

// tell forwards with the time of its clock, as no record is at hand.
func (p *tallying) tell(now int64) error {
	var failed error
	err := p.counts.Scan(func(key string, n int64) bool {
		failed = p.out(&topology.Record[string, int64]{Key: key, Value: n, Time: now})
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	return err
}

func tallies(clock topology.Clock) *topology.Topology {
	var b topology.Builder
	tallied(topology.From(&b, "words", codecs.String, codecs.String), clock)
	topo, err := b.Build("app")
	if err != nil {
		panic(err)
	}
	return topo
}

// tallied sends the tallies of a stream to the topic counts.
func tallied(words topology.Stream[string, string], clock topology.Clock) {
	needs := topology.Needs{Stores: []topology.Store{{Name: "tallies"}}}
	counts := topology.Process(words, "tally", needs, func(out topology.Forward[string, int64]) topology.Processor[string, string] {
		return &tallying{clock: clock, out: out}
	})
	topology.To(topology.WithCodecs(counts, codecs.String, codecs.Int64), "counts")
}

func ExamplePunctuator() {
	d := topologytest.New(nil, tallies(topology.WallClock), topologytest.Config{})
	for _, word := range []string{"pear", "fig", "pear"} {
		d.Pipe("words", []byte(word), nil)
	}
	d.Run()
	d.Advance(50 * time.Second)
	d.Restart() // ten seconds before it is due
	d.Advance(10 * time.Second)

	for _, r := range d.Records("counts") {
		n, _ := codecs.Int64.Decode(r.Value)
		fmt.Printf("%s %d\n", r.Key, n)
	}
	// Output:
	// fig 1
	// pear 2
}

// Whatever happens to the task, what a punctuator has sent is there once for each time of its schedule.
func TestPunctuatorsAreCommittedWithWhatTheySend(t *testing.T) {
	for _, clock := range []topology.Clock{topology.StreamClock, topology.WallClock} {
		d := topologytest.New(t, tallies(clock), topologytest.Config{})
		pass := func(by time.Duration) {
			d.Advance(by)
			d.Pipe("words", []byte("pear"), nil)
			d.Run()
		}
		pass(0)
		pass(30 * time.Second)
		before := len(d.Records("counts"))
		for step := topologytest.AfterFlush; step <= topologytest.AfterBatch; step++ {
			pass(29 * time.Second)
			d.CrashAt(step)
			pass(31 * time.Second)
			d.Restart()
		}
		d.Wipe()
		pass(59 * time.Second)
		require.Len(t, d.Records("counts"), before+6, "clock %d", clock)
	}
}
