package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

func draft(d *experiment.Definition) { d.Draft = true }

func order(id string, kind registry.Kind) registry.Command {
	return registry.Command{ID: id, Kind: kind, Experiment: "button"}
}

func TestDraft(t *testing.T) {
	e := registry.Decide(nil, apply(t, "c1", draft), now)
	require.Equal(t, experiment.Draft, e.State)
	require.Zero(t, e.Run)
	require.Nil(t, e.Latest(), "nothing counts by a draft")
	require.Equal(t, "control", e.Current().Control)

	e = registry.Decide(e, apply(t, "c2", draft, func(d *experiment.Definition) { d.Control = "treatment" }), now+5)
	require.Empty(t, e.Refused, "anything may change before the first run")
	require.Equal(t, "treatment", e.Current().Control)
	require.Contains(t, registry.Decide(e, order("c3", registry.KindStop), now).Refused[0].Reason, "is draft, there is no run to stop")

	begun := registry.Decide(e, apply(t, "c3"), now+9)
	require.Equal(t, 1, begun.Run)
	require.Equal(t, experiment.Running, begun.State)
	require.Nil(t, begun.Draft)
	require.Equal(t, now+9, begun.Latest().Effective)
	require.Equal(t, "c3", begun.Latest().Command)
	require.Contains(t, registry.Decide(begun, apply(t, "c4", draft), now+10).Refused[0].Reason, "draft: the experiment runs already")

	begun = registry.Decide(e, order("c3", registry.KindRestart), now+9)
	require.Equal(t, 1, begun.Run, "restart begins a draft as it is")
	require.False(t, begun.Latest().Definition.Draft)
	require.Equal(t, "treatment", begun.Latest().Definition.Control)
}

func TestArchive(t *testing.T) {
	running := registry.Decide(nil, apply(t, "c1"), now)
	refused := registry.Decide(running, order("c2", registry.KindArchive), now+1)
	require.Equal(t, "the experiment is running, stop it first", refused.Refused[0].Reason)
	stopped := registry.Decide(running, order("c2", registry.KindStop), now+1)
	refused = registry.Decide(stopped, order("c3", registry.KindArchive), now+2)
	require.Contains(t, refused.Refused[0].Reason, "is stopped and ends at 2027-01-15T08:00:02Z, archive it after that")

	e := registry.Decide(stopped, order("c3", registry.KindArchive), now+3000)
	require.Equal(t, experiment.Archived, e.State)
	require.Equal(t, stopped.Versions, e.Versions)
	require.Contains(t, registry.Decide(e, apply(t, "c4"), now+4000).Refused[0].Reason, "is archived, restart begins a new run")
	require.Equal(t, 2, registry.Decide(e, order("c4", registry.KindRestart), now+4000).Run)

	put := registry.Decide(registry.Decide(nil, apply(t, "c1", draft), now), order("c2", registry.KindArchive), now)
	require.Equal(t, experiment.Archived, put.State)
	require.Equal(t, 1, registry.Decide(put, apply(t, "c3"), now).Run, "a draft that was put away may be applied")
	require.Equal(t, "there is no such experiment", registry.Decide(nil, order("c1", registry.KindArchive), now).Refused[0].Reason)
}

func TestDifferences(t *testing.T) {
	before := *parse(t, button)
	after := *parse(t, button)
	after.Variants[0], after.Variants[1] = after.Variants[1], after.Variants[0]
	changes, err := registry.Differences(before, after)
	require.NoError(t, err)
	require.Empty(t, changes, "the order does not matter")

	half, dollars := .5, experiment.Amount("500")
	after.Traffic, after.Start, after.Decision.Alpha, after.Windows = &half, moment(now), .01, []string{"5s"}
	after.Variants[1].Weight = 10
	after.Variants = append(after.Variants, experiment.Variant{Name: "third", Weight: 1})
	after.Metrics = append(after.Metrics[1:], experiment.Metric{Name: "visits", Kind: "count", Event: "visit"})
	after.Metrics[0].Cap = &dollars
	changes, err = registry.Differences(before, after)
	require.NoError(t, err)
	require.Equal(t, []registry.Change{
		{"decision.alpha", "0.05", "0.01", true},
		{"metrics.purchase", `{"name":"purchase","kind":"conversion","event":"purchase","window":"1h","goal":"increase"}`, "", false},
		{"metrics.revenue.cap", "", `"500"`, false},
		{"metrics.visits", "", `{"name":"visits","kind":"count","event":"visit","window":"7d","goal":"increase"}`, false},
		{"start", "", `"2027-01-15T08:00:00Z"`, false},
		{"traffic", "1", "0.5", true},
		{"variants.control", "50", "10", true},
		{"variants.third", "", "1", false},
		{"windows", `["1s","60s"]`, `["5s"]`, true},
	}, changes)
}
