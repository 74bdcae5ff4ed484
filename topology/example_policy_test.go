package topology_test

import (
	"errors"
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// checked refuses orders of nothing.
type checked struct {
	out topology.Forward[string, int64]
}

func (checked) Init(topology.Context) error { return nil }

func (c checked) Process(rec *topology.Record[string, int64]) error {
	if rec.Value == 0 {
		return errors.New("an order of nothing")
	}
	return c.out(rec)
}

// An order that cannot be read is left out, one that fails goes to the dead-letter topic.
func ExampleOnFailure() {
	var b topology.Builder
	orders := topology.OnUndecodable(topology.From(&b, "orders", codecs.String, codecs.Int64), topology.Skip)
	good := topology.Process(orders, "check", topology.Needs{}, func(out topology.Forward[string, int64]) topology.Processor[string, int64] {
		return checked{out}
	})
	good = topology.OnFailure(topology.WithCodecs(good, codecs.String, codecs.Int64), topology.Retry{Tries: 1, Then: topology.DeadLetter})
	topology.To(good, "checked")
	topo, err := b.Build("shop")
	if err != nil {
		panic(err)
	}
	d := topologytest.New(nil, topo, topologytest.Config{})
	d.Pipe("orders", []byte("ann"), []byte{0, 0, 0, 0, 0, 0, 0, 3})
	d.Pipe("orders", []byte("bob"), []byte("no number"))
	d.Pipe("orders", []byte("cem"), []byte{0, 0, 0, 0, 0, 0, 0, 0})
	d.Run()
	for _, r := range d.Records("checked") {
		fmt.Println("checked", string(r.Key))
	}
	for _, r := range d.Records("shop.dlq") {
		h := r.HeaderMap()
		fmt.Println("dead letter", string(r.Key), h["abacus.source"], h["abacus.path"], h["abacus.error"])
	}
	// Output:
	// checked ann
	// dead letter cem orders/0/2 check an order of nothing
}

// An interceptor sees each record of a node before and after it.
func ExampleBuilder_Intercept() {
	var b topology.Builder
	b.Intercept("check", func(ctx topology.Context, next func() error) error {
		fmt.Println("before", ctx.Source())
		err := next()
		fmt.Println("after", err)
		return err
	})
	topology.Process(topology.From(&b, "orders", codecs.String, codecs.Int64), "check", topology.Needs{}, func(out topology.Forward[string, int64]) topology.Processor[string, int64] {
		return checked{out}
	})
	topo, err := b.Build("shop")
	if err != nil {
		panic(err)
	}
	d := topologytest.New(nil, topo, topologytest.Config{})
	d.Pipe("orders", []byte("ann"), []byte{0, 0, 0, 0, 0, 0, 0, 3})
	d.Run()
	// Output:
	// before orders/0/0
	// after <nil>
}
