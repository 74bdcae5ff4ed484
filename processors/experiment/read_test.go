package experiment_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

func TestReadNamesEveryFaultWithLineAndField(t *testing.T) {
	all, err := experiment.Read([]byte(`# the first line
experiment: a
variants:
  control: 1
  treat.ment: 1
control: contrl
traffic: 3
metrics:
  - name: m
    kind: meen
    event: e
  - {name: n, kind: count}
  - kind: count
    event: e
retention:
  60s: 1s
decision:
  alpha: 2
---
experiment: b
varaints: {b: 1}
control: b
---
experiment: c
variants: {b: 1, c: 1}
metrics: [{name: m, kind: count, event: e}]
`))
	require.Len(t, all, 3, "what could be read is there")
	require.Equal(t, strings.Join([]string{
		`line 5: variants.treat.ment: "treat.ment" is no name, want letters, digits, space, _ and -, 1 to 40`,
		`line 6: control: "contrl" is none of the variants, did you mean control?`,
		`line 7: traffic: 3 is no share, want 0 to 1`,
		`line 10: metrics.m.kind: "meen" is unknown, want conversion or count or mean or quantile or last or ratio, did you mean mean?`,
		`line 12: metrics.n.event: is missing, want the type of the events that it counts`,
		`line 13: metrics.2.name: "" is no name, want a to z, 0 to 9, _ and -, at most 63, not _ or - first`,
		`line 16: retention.60s: 1s is shorter than the window`,
		`line 18: decision.alpha: 2 is no level, want more than 0, at most 0.5`,
		`line 20: metrics: want at least one`,
		`line 21: unknown field "varaints", did you mean variants?`,
		`line 24: control: is missing, name one of the variants`,
	}, "\n"), err.Error())
}

// What is wrong with the form of one part hides nothing of the others, and brings no faults that follow from it.
func TestReadNamesFaultsBesideThoseOfForm(t *testing.T) {
	_, err := experiment.Read([]byte(`experiment: A
variants: {a: much, b: 1}
control: c
traffic: 3
metrics:
  - {name: m, kind: count}
  - {name: m, kind: meen, event: e}
  - name: n
    kidn: count
    event: e
decision: {alhpa: 1}
grace: 0s
`))
	require.Equal(t, strings.Join([]string{
		`line 1: experiment: "A" is no name, want a to z, 0 to 9 and -, at most 63, not - first`,
		"line 2: WRONG",
		`line 4: traffic: 3 is no share, want 0 to 1`,
		`line 6: metrics.m.event: is missing, want the type of the events that it counts`,
		`line 7: metrics.1.name: "m" is given twice`,
		`line 7: metrics.1.kind: "meen" is unknown, want conversion or count or mean or quantile or last or ratio, did you mean mean?`,
		`line 9: unknown field "kidn", did you mean kind?`,
		`line 11: unknown field "alhpa", did you mean alpha?`,
		`line 12: grace: 0 is not possible, want more, or no grace for the default`,
	}, "\n"), regexp.MustCompile("line 2: .*").ReplaceAllString(err.Error(), "line 2: WRONG"))
}

func TestReadSuggestsOnlyWhatIsNear(t *testing.T) {
	for given, want := range map[string]string{
		"metrisc": `unknown field "metrisc", did you mean metrics?`, "Grace": `unknown field "Grace", did you mean grace?`,
		"colour": `unknown field "colour"`, "multiple_variant": `unknown field "multiple_variant", did you mean multiple_variants?`,
	} {
		_, err := experiment.Read([]byte("experiment: a\n" + given + ": 1\n"))
		require.Contains(t, strings.Split(err.Error(), "\n"), "line 2: "+want)
	}
	_, err := experiment.Read([]byte("experiment: a\nmetrics: [{name: m, evnet: e}]\ndecision: {alhpa: 1}"))
	require.ErrorContains(t, err, "line 2: unknown field \"evnet\", did you mean event?\nline 3: unknown field \"alhpa\", did you mean alpha?")
	_, err = experiment.Read([]byte("a: [\n"))
	require.ErrorContains(t, err, "no YAML")
	_, err = experiment.Read(nil)
	require.EqualError(t, err, "no experiment: the document is empty")
}
