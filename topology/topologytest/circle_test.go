package topologytest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// shrinking forwards values without their first letter, so many times, and nothing in the end.
type shrinking struct {
	out   forward
	times int
}

func (shrinking) Init(topology.Context) error { return nil }

func (s shrinking) Process(rec *topology.Record[string, string]) error {
	if rec.Value == "" {
		return nil
	}
	next := *rec
	if s.times > 0 {
		next.Value = rec.Value[1:]
	}
	for range max(s.times, 1) {
		if err := s.out(&next); err != nil {
			return err
		}
	}
	return nil
}

// round is a topology of two stages that reads what it writes. With times = 0 no value shrinks.
func round(t *testing.T, times int) *topology.Topology {
	var b topology.Builder
	in := topology.From(&b, "there", codecs.String, codecs.String)
	shrunk := topology.Process(in, "shrink", topology.Needs{}, func(out forward) topology.Processor[string, string] { return shrinking{out, times} })
	topology.To(topology.WithCodecs(shrunk, codecs.String, codecs.String), "back")
	topology.To(topology.From(&b, "back", codecs.String, codecs.String), "there")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

func TestATopologyThatFeedsItselfForEver(t *testing.T) {
	d := topologytest.New(nil, round(t, 0), topologytest.Config{Tasks: 2})
	d.Pipe("there", []byte("ann"), []byte("a"))
	fault := faultOf(d.Run)
	require.Contains(t, fault, "Run does not come to an end: ")
	require.Contains(t, fault, "The topology reads what it writes, there -> back -> there: have it write less than it reads, or to another topic")
}

// Each record makes eight of them, until there is no memory left.
func TestATopologyThatFeedsItselfMoreAndMore(t *testing.T) {
	d := topologytest.New(nil, round(t, 8), topologytest.Config{})
	d.Pipe("there", []byte("ann"), []byte(strings.Repeat("a", 99)))
	require.Contains(t, faultOf(d.Run), "there -> back -> there")
}

// A circle that comes to an end is none to complain of.
func TestACircleThatEnds(t *testing.T) {
	d := topologytest.New(t, round(t, 1), topologytest.Config{Tasks: 2})
	d.Pipe("there", []byte("ann"), []byte(strings.Repeat("a", 400)))
	d.Run()
	require.Len(t, d.Records("back"), 400)
}

// Dead letters that the app reads again are a circle as any other.
func TestDeadLettersThatAreRead(t *testing.T) {
	var b topology.Builder
	topology.To(topology.From(&b, "numbers", codecs.String, codecs.Int64), "copy")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(nil, topo, topologytest.Config{DeadLetter: "numbers"})
	d.Pipe("numbers", []byte("ann"), []byte("x"))
	require.Contains(t, faultOf(d.Run), "numbers -> numbers")
}

// faultOf is what a driver without a test panics with.
func faultOf(do func()) (fault string) {
	defer func() { fault = fmt.Sprint(recover()) }()
	do()
	return ""
}
