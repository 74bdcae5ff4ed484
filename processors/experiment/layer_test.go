package experiment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

const plainMetric = "metrics: [{name: m, kind: mean, event: e}]\n"

func TestLayerAsWritten(t *testing.T) {
	d := parse(t, small+plainMetric+"layer: {name: checkout-page, from: 0.25}")
	require.NoError(t, d.Validate())
	require.Zero(t, d.Layer.To, "validation writes no default")
	written := d.Layer
	d.Defaults()
	require.Equal(t, &experiment.Layer{Name: "checkout-page", From: 0.25, To: 1}, d.Layer)
	require.Zero(t, written.To, "nor do defaults into what others hold")
	require.Equal(t, "checkout-page [0.25, 1)", d.Layer.String())
}

func TestLayerFaults(t *testing.T) {
	for layer, want := range map[string]string{
		`{name: "Page 1"}`:                 `layer.name: "Page 1" is no name, want a to z`,
		"{from: 0.1}":                      `layer.name: "" is no name`,
		"{name: page, from: 1}":            "layer.from: 1, want at least 0, less than 1",
		"{name: page, from: -0.1}":         "layer.from: -0.1, want at least 0",
		"{name: page, from: 0.5, to: 0.5}": "layer.to: 0.5, want more than from, at most 1",
		"{name: page, to: 1.5}":            "layer.to: 1.5, want more than from, at most 1",
		"{name: page, from: .nan}":         "layer.from: NaN, want at least 0",
	} {
		require.ErrorContains(t, parse(t, small+plainMetric+"layer: "+layer).Validate(), want, layer)
	}
	event := parse(t, small+plainMetric+"unit: event\nlayer: {name: page}")
	require.ErrorContains(t, event.Validate(), "layer: is of units, an experiment of unit: event has none, leave it out")
	_, err := experiment.Parse([]byte(small + plainMetric + "layer: {name: page, to: 0}"))
	require.ErrorContains(t, err, "to: 0 is not possible")
	_, err = experiment.Parse([]byte(small + plainMetric + "layer: page"))
	require.ErrorContains(t, err, "layer: value `page` has the wrong form, want a map of fields")
}

// Parts meet where they have a unit in common: the end of one may be the beginning of the next.
func TestLayersMeet(t *testing.T) {
	part := func(name string, from, to float64) *experiment.Layer {
		return &experiment.Layer{Name: name, From: from, To: to}
	}
	for _, c := range []struct {
		a, b *experiment.Layer
		want bool
	}{
		{part("p", 0, 0.5), part("p", 0.5, 1), false},
		{part("p", 0, 0.5), part("p", 0.49, 1), true},
		{part("p", 0, 1), part("p", 0.2, 0.3), true},
		{part("p", 0, 1), part("q", 0, 1), false},
		{part("p", 0, 1), nil, false},
		{nil, nil, false},
	} {
		require.Equal(t, []bool{c.want, c.want}, []bool{c.a.Meets(c.b), c.b.Meets(c.a)}, "%v %v", c.a, c.b)
	}
}
