package registry_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

// of gives a definition a name and a part of the layer page.
func of(name string, from, to float64) func(*experiment.Definition) {
	return func(d *experiment.Definition) {
		d.Experiment, d.Layer = name, &experiment.Layer{Name: "page", From: from, To: to}
	}
}

// commanded is the command to apply button with changes, its name among them.
func commanded(t *testing.T, id string, change ...func(*experiment.Definition)) registry.Command {
	cmd := apply(t, id, change...)
	cmd.Experiment = cmd.Definition.Experiment
	return cmd
}

// refused is the reason for which a command was refused, empty if it was not.
func refused(e *experiment.Entry, id string) string {
	for _, r := range e.Refused {
		if r.Command == id {
			return r.Reason
		}
	}
	return ""
}

func TestExperimentsOfALayerKeepApart(t *testing.T) {
	first := registry.Decide(nil, commanded(t, "c1", of("first", 0, 0.5)), now)
	decide := func(at int64, change ...func(*experiment.Definition)) string {
		return refused(registry.Decide(nil, commanded(t, "c2", change...), at, first), "c2")
	}
	require.Empty(t, decide(now, of("second", 0.5, 1)))
	require.Equal(t, "layer: first has units of page [0, 0.5), take a part that is free, or stop it first", decide(now, of("second", 0.4, 1)))
	require.Empty(t, decide(now, of("second", 0, 1), func(d *experiment.Definition) { d.Layer.Name = "header" }))
	require.Empty(t, decide(now, of("second", 0, 1), func(d *experiment.Definition) { d.Draft = true }), "a draft counts nothing")

	stopped := registry.Decide(first, registry.Command{ID: "c3", Kind: registry.KindStop, Experiment: "first"}, now+100)
	end := now + 100 + registry.Notice
	second := commanded(t, "c4", of("second", 0, 1))
	require.Contains(t, refused(registry.Decide(nil, second, end-1, stopped), "c4"), " until ")
	require.Empty(t, refused(registry.Decide(nil, second, end, stopped), "c4"), "its units are free")
	later := of("second", 0, 1)
	require.Empty(t, refused(registry.Decide(nil, commanded(t, "c5", later, func(d *experiment.Definition) { d.Start = moment(end) }), now+200, stopped), "c5"),
		"a start after the end")
	require.Empty(t, refused(registry.Decide(nil, commanded(t, "c6", later, func(d *experiment.Definition) { d.Start, d.End = moment(now-10), moment(now) }), now, first), "c6"),
		"what lies back is replayed, not assigned")
}

// A part may change while the experiment runs, to what is free when it takes effect.
func TestAPartOfALayerChanges(t *testing.T) {
	first := registry.Decide(nil, commanded(t, "c1", of("first", 0, 1)), now)
	first = registry.Decide(first, commanded(t, "c2", of("first", 0, 0.5)), now)
	require.Len(t, first.Versions, 2)
	second := func(id string, at int64) string {
		return refused(registry.Decide(nil, commanded(t, id, of("second", 0.5, 1)), at, first), id)
	}
	require.Contains(t, second("c3", now+registry.Notice-1), "layer: first has units of page [0, 1) until ")
	require.Empty(t, second("c4", now+registry.Notice))

	taken := registry.Decide(nil, commanded(t, "c4", of("second", 0.5, 1)), now+registry.Notice, first)
	wider := registry.Decide(first, commanded(t, "c5", of("first", 0, 0.6)), now+registry.Notice, first, taken)
	require.Equal(t, "layer: second has units of page [0.5, 1), take a part that is free, or stop it first", refused(wider, "c5"))
	require.Len(t, wider.Versions, 2)

	elsewhere := commanded(t, "c6", of("first", 0, 0.5), func(d *experiment.Definition) { d.Layer.Name = "header" })
	require.Contains(t, refused(registry.Decide(first, elsewhere, now+5000), "c6"), "layer.name: cannot change from page to header while the experiment runs")

	over := registry.Decide(taken, registry.Command{ID: "c7", Kind: registry.KindStop, Experiment: "second"}, now+5000)
	all := registry.Decide(first, commanded(t, "c8", of("first", 0, 1)), now+10_000, first, over)
	require.Len(t, all.Versions, 3)
	again := registry.Command{ID: "c9", Kind: registry.KindRestart, Experiment: "second"}
	require.Contains(t, refused(registry.Decide(over, again, now+20_000, all, over), "c9"), "layer: first has units of page [0, 1)")
}

// The processor decides beside all other rows of its table, also beside those that it has read from the topic.
func TestTheRegistryKeepsLayersApart(t *testing.T) {
	cfg := cluster(t)
	stop := host(t, cfg)
	definition := func(change func(*experiment.Definition)) *experiment.Definition {
		d := parse(t, button)
		change(d)
		return d
	}
	entries, err := registry.Apply(limit(t), cfg, definition(of("first", 0, 0.5)), definition(of("second", 0.25, 1)), parse(t, button))
	var why *registry.RefusedError
	require.True(t, errors.As(err, &why))
	require.Equal(t, []string{"second", "layer: first has units of page [0, 0.5), take a part that is free, or stop it first"}, []string{why.Experiment, why.Reason})
	require.Nil(t, entries[1])
	stop()

	host(t, cfg)
	_, err = registry.Apply(limit(t), cfg, definition(of("third", 0.1, 0.2)))
	require.ErrorContains(t, err, "third: refused: layer: first has units of page [0, 0.5)")
	_, err = registry.Apply(limit(t), cfg, definition(of("third", 0.5, 0.75)))
	require.NoError(t, err)
	_, err = registry.Send(limit(t), cfg, registry.Command{Kind: registry.KindStop, Experiment: "first"})
	require.NoError(t, err)
	_, err = registry.Send(limit(t), cfg, registry.Command{Kind: registry.KindRestart, Experiment: "third"})
	require.NoError(t, err, "its own run is none of the others")
}
