package topology_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// Of several the last is the outermost; one that does not call next leaves the record out.
func TestInterceptorsAroundANode(t *testing.T) {
	var b topology.Builder
	var seen []string
	around := func(name string) topology.Interceptor {
		return func(ctx topology.Context, next func() error) error {
			seen = append(seen, name+" of "+ctx.Source().String())
			if string(ctx.Source().Value) == "drop" {
				return nil
			}
			err := next()
			seen = append(seen, name+" done")
			return err
		}
	}
	b.Intercept("mid", around("inner"))
	b.Intercept("mid", around("outer"))
	topology.To(through(from(&b, "in"), "mid", topology.Needs{}), "out")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	d.Pipe("in", []byte("k"), []byte("v"))
	d.Pipe("in", []byte("k"), []byte("drop"))
	d.Run()
	require.Equal(t, []string{"outer of in/0/0", "inner of in/0/0", "inner done", "outer done", "outer of in/0/1"}, seen)
	require.Len(t, d.Records("out"), 1)
}

func TestInterceptorOfAnUnknownNodeIsAFault(t *testing.T) {
	var b topology.Builder
	b.Intercept("mad", func(_ topology.Context, next func() error) error { return next() })
	b.Intercept("in", func(_ topology.Context, next func() error) error { return next() })
	through(from(&b, "in"), "mid", topology.Needs{})
	_, err := b.Build("app")
	require.ErrorContains(t, err, `interceptor of "mad": no processor or sink`)
	require.ErrorContains(t, err, `interceptor of "in": no processor or sink`, "a source is no node that records come to")
	_, again := b.Build("app")
	require.Equal(t, err.Error(), again.Error())
}

func TestFaultsOfPolicies(t *testing.T) {
	var b topology.Builder
	in := from(&b, "in")
	topology.OnUndecodable(through(in, "mid", topology.Needs{}), topology.Skip)
	topology.OnFailure(through(in, "other", topology.Needs{}), topology.Retry{Tries: -1})
	table := topology.FromTable(&b, "rows", "table", codecs.String, codecs.String)
	topology.OnUndecodable(table.Stream, topology.Skip)
	_, err := b.Build("app")
	require.ErrorContains(t, err, `node "mid": reads no topic`)
	require.ErrorContains(t, err, `node "other": -1 tries`)
	require.NotContains(t, err.Error(), "table")
}

// An interceptor's error is one of its node.
func TestAnInterceptorMayFailForItsNode(t *testing.T) {
	var b topology.Builder
	b.Intercept("mid", func(ctx topology.Context, next func() error) error {
		if string(ctx.Source().Value) == "bad" {
			return errors.New("the guard says no")
		}
		return next()
	})
	topology.OnFailure(through(from(&b, "in"), "mid", topology.Needs{}), topology.Retry{Tries: 1, Then: topology.DeadLetter})
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	d.Pipe("in", []byte("k"), []byte("bad"))
	d.Run()
	letters := d.Records("app.dlq")
	require.Len(t, letters, 1)
	require.Contains(t, letters[0].Headers, topology.Header{Key: "abacus.path", Value: []byte("mid")})
}
