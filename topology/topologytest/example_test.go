package topologytest_test

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// The topology of a test that is told by its package: letters, appended by key.
func tallying() *topology.Topology {
	var b topology.Builder
	topology.To(tallies(topology.From(&b, "letters", codecs.String, codecs.String)), "tallies")
	topo, err := b.Build("app")
	if err != nil {
		panic(err)
	}
	return topo
}

// A test gives records in, lets the app process them and looks at what comes out. In a test the first
// argument of New is its t.
func Example() {
	d := topologytest.New(nil, tallying(), topologytest.Config{Tasks: 4})
	letters := topologytest.NewIn(d, "letters", codecs.String, codecs.String)
	tallies := topologytest.NewOut(d, "tallies", codecs.String, codecs.String)
	letters.Pipe("ann", "a")
	letters.Pipe("ann", "b")
	d.Run()
	for _, rec := range tallies.Read() {
		fmt.Println(rec.Key, rec.Value)
	}
	// Output:
	// ann a
	// ann ab
}

// A crash at any step of a commit must change nothing: what was not committed is done again.
func ExampleDriver_CrashAt() {
	for step := topologytest.AfterFlush; step <= topologytest.AfterBatch; step++ {
		d := topologytest.New(nil, tallying(), topologytest.Config{})
		letters := topologytest.NewIn(d, "letters", codecs.String, codecs.String)
		letters.Pipe("ann", "a")
		d.CrashAt(step)
		d.Run()
		letters.Pipe("ann", "b")
		d.Run()
		fmt.Println(topologytest.NewOut(d, "tallies", codecs.String, codecs.String).Last())
	}
	// Output:
	// map[ann:ab]
	// map[ann:ab]
	// map[ann:ab]
	// map[ann:ab]
	// map[ann:ab]
}

// A second instance takes half of the tasks; when it is killed, the first restores what it had committed.
func ExampleDriver_Kill() {
	d := topologytest.New(nil, tallying(), topologytest.Config{Tasks: 4})
	letters := topologytest.NewIn(d, "letters", codecs.String, codecs.String)
	d.Start(1)
	letters.Pipe("ann", "a")
	letters.Pipe("bob", "b")
	d.Run()
	d.Kill(1)
	letters.Pipe("ann", "c")
	letters.Pipe("bob", "d")
	d.Run()
	fmt.Println(topologytest.NewOut(d, "tallies", codecs.String, codecs.String).Last())
	// Output: map[ann:ac bob:bd]
}
