package experiment_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// wide is a definition with so many dimensions of so many values each.
func wide(t *testing.T, dimensions, values int) *experiment.Definition {
	d := parse(t, small+"metrics: [{name: m, kind: mean, event: e}]")
	for i := range dimensions {
		s := experiment.Dimension{Name: fmt.Sprint("d", i)}
		for j := range values {
			s.Values = append(s.Values, fmt.Sprint(j))
		}
		d.Segments = append(d.Segments, s)
	}
	return d
}

func TestSegmentsAsWritten(t *testing.T) {
	d := parse(t, small+`metrics: [{name: m, kind: mean, event: e}]
exclude: {units: [qa-1, 42]}
holdout: {name: q4, share: 0.05}
segments:
  - {name: country, values: [DE, NO, "a=b|c"]}
  - {name: hour, prop: hour_of_day, values: [1, 2]}
`)
	require.NoError(t, d.Validate())
	d.Defaults()
	require.Equal(t, []experiment.Dimension{{Name: "country", Prop: "country", Values: []string{"DE", "NO", "a=b|c"}}, {Name: "hour", Prop: "hour_of_day", Values: []string{"1", "2"}}}, d.Segments)
	require.Equal(t, []string{"country=DE", "country=NO", "country=a=b|c", "country=other", "hour=1", "hour=2", "hour=other"}, d.SegmentNames())
	require.Equal(t, []string{"qa-1", "42"}, d.Exclude.Units)
	require.Equal(t, &experiment.Holdout{Name: "q4", Share: 0.05}, d.Holdout)

	text, err := yaml.Marshal(d)
	require.NoError(t, err)
	require.Equal(t, d, parse(t, string(text)))
	text, err = json.Marshal(d)
	require.NoError(t, err)
	var back experiment.Definition
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, d, &back)
	plain, err := json.Marshal(parse(t, small+"metrics: [{name: m, kind: mean, event: e}]"))
	require.NoError(t, err)
	for _, field := range []string{"exclude", "holdout", "segments"} {
		require.NotContains(t, string(plain), `"`+field+`"`)
	}
}

func TestSegmentsHaveBounds(t *testing.T) {
	require.NoError(t, wide(t, 5, 50).Validate())
	require.EqualError(t, wide(t, 6, 1).Validate(), "segments: 6 dimensions are too many, want at most 5")
	require.EqualError(t, wide(t, 1, 51).Validate(), "segments.d0.values: 51 are too many, want at most 50; what is not listed is other")

	d := wide(t, 5, 50)
	for i := range 40 {
		d.Metrics = append(d.Metrics, experiment.Metric{Name: fmt.Sprint("m", i), Kind: "count", Event: "e"})
	}
	require.EqualError(t, d.Validate(), "segments: 255 of 2 variants and 41 metrics change up to 1640 KiB at once, want at most 878: fewer values")

	d.Metrics = nil
	for _, name := range []string{"p", "q"} {
		d.Metrics = append(d.Metrics, experiment.Metric{Name: name, Kind: "quantile", Event: "e"})
	}
	require.ErrorContains(t, d.Validate(), "of 2 variants and 2 metrics", "the bins of quantiles weigh more")
	d.Segments = d.Segments[:2]
	require.NoError(t, d.Validate())
}

func TestEventsHaveNoSegmentsAndNobodyToLeaveOut(t *testing.T) {
	d := wide(t, 1, 1)
	d.Unit, d.Exclude.Units, d.Holdout = "event", []string{"u"}, &experiment.Holdout{Name: "h", Share: 0.5}
	err := d.Validate()
	for _, fault := range []string{"segments: are of units", "exclude.units: is for unit: user only", "holdout: is for unit: user only"} {
		require.ErrorContains(t, err, fault)
	}
}
