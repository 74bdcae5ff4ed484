package topology_test

import (
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// numbering forwards how many records of its key each one makes.
type numbering struct {
	out  topology.Forward[string, int64]
	rows *state.Rows[string, int64]
}

func (p *numbering) Init(ctx topology.Context) error {
	p.rows = state.NewRows(ctx.Table("numbers"), codecs.String, codecs.Int64)
	return nil
}

func (p *numbering) Process(rec *topology.Record[string, string]) error {
	n, _, err := p.rows.Get(rec.Key)
	if err != nil {
		return err
	}
	if err := p.rows.Put(rec.Key, n+1); err != nil {
		return err
	}
	return p.out(&topology.Record[string, int64]{Key: rec.Key, Value: n + 1, Time: rec.Time, Headers: rec.Headers})
}

// numbered sends the numbers of the records of a stream to the topic numbers.
func numbered(in topology.Stream[string, string]) {
	needs := topology.Needs{Stores: []topology.Store{{Name: "numbers"}}}
	out := topology.Process(in, "number", needs, func(out topology.Forward[string, int64]) topology.Processor[string, string] {
		return &numbering{out: out}
	})
	topology.To(topology.WithCodecs(out, codecs.String, codecs.Int64), "numbers")
}

// A processor of one's own: what it keeps in its table is there again after a restart without the disk.
func ExampleProcess() {
	var b topology.Builder
	numbered(topology.From(&b, "visits", codecs.String, codecs.String))
	topo, err := b.Build("app")
	if err != nil {
		panic(err)
	}
	d := topologytest.New(nil, topo, topologytest.Config{})
	visits := topologytest.NewIn(d, "visits", codecs.String, codecs.String)
	visits.Pipe("ann", "home")
	visits.Pipe("bob", "home")
	d.Run()
	d.Wipe()
	visits.Pipe("ann", "cart")
	d.Run()
	for _, rec := range topologytest.NewOut(d, "numbers", codecs.String, codecs.Int64).Read() {
		fmt.Println(rec.Key, rec.Value)
	}
	// Output:
	// ann 1
	// bob 1
	// ann 2
}

// paging keys visits by their page.
type paging struct {
	out topology.Forward[string, string]
}

func (paging) Init(topology.Context) error { return nil }

func (p paging) Process(rec *topology.Record[string, string]) error {
	return p.out(&topology.Record[string, string]{Key: rec.Value, Value: rec.Key, Time: rec.Time})
}

// Visits lie by user, in any of four tasks. Sent anew by page, those of one page meet in one task.
func ExampleRepartition() {
	var b topology.Builder
	visits := topology.From(&b, "visits", codecs.String, codecs.String)
	byPage := topology.Process(visits, "by-page", topology.Needs{}, func(out topology.Forward[string, string]) topology.Processor[string, string] {
		return paging{out}
	})
	numbered(topology.Repartition(topology.WithCodecs(byPage, codecs.String, codecs.String), "pages"))
	topo, err := b.Build("app")
	if err != nil {
		panic(err)
	}
	d := topologytest.New(nil, topo, topologytest.Config{Tasks: 4})
	in := topologytest.NewIn(d, "visits", codecs.String, codecs.String)
	for _, user := range []string{"ann", "bob", "cem", "dan", "eva"} {
		in.Pipe(user, "home")
	}
	d.Run()
	for _, rec := range topologytest.NewOut(d, "numbers", codecs.String, codecs.Int64).Read() {
		fmt.Println(rec.Key, rec.Value)
	}
	// Output:
	// home 1
	// home 2
	// home 3
	// home 4
	// home 5
}

// By stream time a punctuator fires when a record passes a multiple of its Every, whenever it is read.
func ExamplePunctuator_streamTime() {
	d := topologytest.New(nil, tallies(topology.StreamClock), topologytest.Config{})
	words := topologytest.NewIn(d, "words", codecs.String, codecs.String)
	midnight := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	counts := topologytest.NewOut(d, "counts", codecs.String, codecs.Int64)
	for _, second := range []int{10, 20, 59, 61, 70, 130} {
		words.PipeAt(midnight.Add(time.Duration(second)*time.Second), "pear", "ripe")
		d.Run()
		for _, rec := range counts.Read() {
			fmt.Println("at second", second, "before its record:", rec.Key, rec.Value)
		}
	}
	// Output:
	// at second 61 before its record: pear 3
	// at second 130 before its record: pear 5
}
