package registry_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

const now = int64(1_800_000_000_000)

// apply is the command to apply a definition, changed or not.
func apply(t testing.TB, id string, change ...func(*experiment.Definition)) registry.Command {
	t.Helper()
	d := parse(t, button)
	for _, f := range change {
		f(d)
	}
	return registry.Command{ID: id, Kind: registry.KindApply, Experiment: "button", Definition: d}
}

func weights(control, treatment float64) func(*experiment.Definition) {
	return func(d *experiment.Definition) { d.Variants[0].Weight, d.Variants[1].Weight = control, treatment }
}

func moment(ms int64) *time.Time {
	at := time.UnixMilli(ms)
	return &at
}

func TestFirstVersion(t *testing.T) {
	e := registry.Decide(nil, apply(t, "c1"), now)
	require.Equal(t, "button", e.Experiment)
	require.Equal(t, 1, e.Run)
	require.Equal(t, experiment.Running, e.State)
	require.Equal(t, []string{"c1"}, e.Commands)
	require.Empty(t, e.Refused)
	v := e.Latest()
	require.Equal(t, int64(1), v.Version)
	require.Equal(t, now, v.Accepted)
	require.Equal(t, now, v.Effective, "without a start it holds from its acceptance")
	require.Equal(t, experiment.Duration(5000), v.Definition.Grace, "the defaults are filled in")

	past := apply(t, "c1", func(d *experiment.Definition) { d.Start = moment(now - 1e9) })
	require.Equal(t, now-1_000_000_000, registry.Decide(nil, past, now).Latest().Effective, "a start may lie in the past")
}

func TestLaterVersions(t *testing.T) {
	first := registry.Decide(nil, apply(t, "c1"), now)
	e := registry.Decide(first, apply(t, "c2", weights(30, 70)), now+10)
	require.Len(t, e.Versions, 2)
	require.Equal(t, int64(2), e.Latest().Version)
	require.Equal(t, now+10+registry.Notice, e.Latest().Effective)
	require.Equal(t, 30.0, e.Latest().Definition.Variants[0].Weight)

	all := registry.Decide(e, apply(t, "c3", func(d *experiment.Definition) {
		half := .5
		d.Traffic, d.End, d.Windows, d.Decision.Alpha = &half, moment(now+1e9), []string{"5s"}, .01
		d.Retention = map[string]experiment.Duration{"5s": 60_000}
	}), now+20)
	require.Empty(t, all.Refused, "traffic, end, windows, retention and decision may change")
	require.Equal(t, int64(3), all.Latest().Version)

	future := registry.Decide(nil, apply(t, "c1", func(d *experiment.Definition) { d.Start = moment(now + 1e6) }), now)
	future = registry.Decide(future, apply(t, "c2", weights(1, 2), func(d *experiment.Definition) { d.Start = moment(now + 1e6) }), now)
	require.Equal(t, now+1_000_000, future.Latest().Effective, "never before the version before it")
}

func TestNothingNew(t *testing.T) {
	e := registry.Decide(nil, apply(t, "c1", func(d *experiment.Definition) { d.Start = moment(now) }), now)
	require.Same(t, e, registry.Decide(e, apply(t, "c1", weights(1, 99)), now+5), "the same id is no command")
	require.Same(t, e, registry.Decide(e, registry.Command{Kind: registry.KindStop}, now), "nor is one without id")

	same := registry.Decide(e, apply(t, "c2", func(d *experiment.Definition) {
		elsewhere := moment(now).In(time.FixedZone("", 3600))
		d.Start = &elsewhere
		d.Variants[0], d.Variants[1] = d.Variants[1], d.Variants[0]
		d.Metrics[0], d.Metrics[1] = d.Metrics[1], d.Metrics[0]
		d.Defaults()
	}), now+5)
	require.Equal(t, e.Versions, same.Versions, "zone, order and written defaults do not matter")
	require.Equal(t, []string{"c1", "c2"}, same.Commands)
	require.Nil(t, registry.Decide(nil, registry.Command{}, now))
}

func TestRefusals(t *testing.T) {
	running := registry.Decide(nil, apply(t, "c1"), now)
	stopped := registry.Decide(running, registry.Command{ID: "c2", Kind: registry.KindStop, Experiment: "button"}, now)
	for name, c := range map[string]struct {
		entry  *experiment.Entry
		cmd    registry.Command
		faults []string
	}{
		"bad definition": {nil, apply(t, "x", func(d *experiment.Definition) { d.Control, d.Metrics[0].Event, d.Unit = "off", "", "day" }),
			[]string{`unit: "day"`, `control: "off" is none of the variants`, "metrics.purchase.event: is missing"}},
		"over before it began": {nil, apply(t, "x", func(d *experiment.Definition) { d.End = moment(now) }), []string{"end: is not after the start, 2027-01-15T08:00:00Z"}},
		"immutable": {running, apply(t, "x", func(d *experiment.Definition) {
			d.Unit, d.Control, d.Grace, d.MultipleVariants, d.Start, d.DedupFor = "event", "treatment", 6000, "first", moment(now), 5
			d.Metrics[1].Window = 7
		}), []string{"unit: cannot change from user to event", "randomised_by: cannot change", "control: cannot change", "grace: cannot change from 5s to 6s",
			"start: cannot change from its acceptance to 2027-01-15", "multiple_variants: cannot", "dedup_for: cannot", "metrics.revenue.window: cannot change from 1h to 7ms", "restart begins a new run"}},
		"segments": {running, apply(t, "x", func(d *experiment.Definition) {
			d.Exclude.Units, d.Holdout = []string{"qa"}, &experiment.Holdout{Name: "h", Share: 0.5}
			d.Segments = []experiment.Dimension{{Name: "country", Values: []string{"DE"}}}
		}), []string{"exclude: cannot change from", "holdout: cannot change from", "segments: cannot change from"}},
		"names": {running, apply(t, "x", func(d *experiment.Definition) { d.Variants[1].Name, d.Metrics[0].Name = "third", "buy" }),
			[]string{"variants.third: cannot be added", "variants.treatment: cannot be removed", "metrics.buy: cannot be added", "metrics.purchase: cannot be removed"}},
		"stopped":       {stopped, apply(t, "x"), []string{"the experiment is stopped, restart begins a new run"}},
		"stop nothing":  {nil, registry.Command{ID: "x", Kind: registry.KindStop, Experiment: "button"}, []string{"there is no such experiment"}},
		"kind":          {running, registry.Command{ID: "x", Kind: "pause", Experiment: "button"}, []string{`kind "pause", want apply, stop, restart or archive`}},
		"no definition": {running, registry.Command{ID: "x", Kind: registry.KindApply, Experiment: "button"}, []string{"apply without a definition"}},
		"of another":    {running, apply(t, "x", func(d *experiment.Definition) { d.Experiment = "other" }), []string{`for "button", but its definition is of "other"`}},
	} {
		t.Run(name, func(t *testing.T) {
			e := registry.Decide(c.entry, c.cmd, now+50)
			require.Len(t, e.Refused, 1)
			require.Equal(t, "x", e.Refused[0].Command)
			for _, fault := range c.faults {
				require.Contains(t, e.Refused[0].Reason, fault)
			}
			require.NotContains(t, e.Commands, "x")
			require.Same(t, e, registry.Decide(e, c.cmd, now+60), "once refused it stays so")
			if c.entry == nil {
				require.Equal(t, experiment.Entry{Experiment: "button", State: experiment.Archived, Refused: e.Refused}, *e)
				require.Equal(t, 1, registry.Decide(e, apply(t, "good"), now).Run, "and does not stand in the way")
			} else {
				require.Equal(t, c.entry.Versions, e.Versions)
				require.Equal(t, c.entry.State, e.State)
			}
		})
	}
}

func TestStopAndRestart(t *testing.T) {
	stop := func(id string) registry.Command {
		return registry.Command{ID: id, Kind: registry.KindStop, Experiment: "button"}
	}
	running := registry.Decide(nil, apply(t, "c1"), now)
	e := registry.Decide(running, stop("c2"), now+10)
	require.Equal(t, experiment.Stopped, e.State)
	require.Equal(t, int64(2), e.Latest().Version)
	require.Equal(t, now+10+registry.Notice, e.Latest().Definition.End.UnixMilli(), "it ends when every reader knows")
	require.Nil(t, running.Latest().Definition.End)
	require.Equal(t, e.Versions, registry.Decide(e, stop("c3"), now+20).Versions, "stopped already")

	ending := registry.Decide(nil, apply(t, "c1", func(d *experiment.Definition) { d.End = moment(now + 100) }), now)
	ending = registry.Decide(ending, stop("c2"), now+10)
	require.Equal(t, experiment.Stopped, ending.State)
	require.Len(t, ending.Versions, 1, "it ends sooner anyway")

	again := apply(t, "c4", func(d *experiment.Definition) { d.Unit = "event" })
	again.Kind = registry.KindRestart
	e = registry.Decide(e, again, now+1000)
	require.Equal(t, 2, e.Run)
	require.Equal(t, experiment.Running, e.State)
	require.Len(t, e.Versions, 1)
	require.Equal(t, "event", e.Latest().Definition.Unit, "a new run may be another experiment")
	require.Equal(t, []string{"c1", "c2", "c4"}, e.Commands)
}

func TestEntryStaysBounded(t *testing.T) {
	e := registry.Decide(nil, apply(t, "first"), now)
	for i := range 200 {
		e = registry.Decide(e, apply(t, fmt.Sprint("a", i)), now)
		e = registry.Decide(e, registry.Command{ID: fmt.Sprint("r", i), Kind: "no", Experiment: "button"}, now)
	}
	require.Len(t, e.Commands, 64)
	require.Equal(t, "a199", e.Commands[63])
	require.Len(t, e.Refused, 16)

	large := func(i int) registry.Command {
		return apply(t, fmt.Sprint("l", i), weights(float64(i), 1), func(d *experiment.Definition) {
			for n := range 50 {
				d.Metrics = append(d.Metrics, experiment.Metric{Name: fmt.Sprint("m", n), Kind: "count", Event: strings.Repeat("e", 200)})
			}
		})
	}
	e = registry.Decide(nil, large(0), now)
	for i := 1; i < 100; i++ {
		e = registry.Decide(e, large(i), now)
	}
	require.Less(t, len(e.Versions), 90)
	require.Contains(t, e.Refused[0].Reason, "restart the experiment to begin without its versions")
	text, err := json.Marshal(e)
	require.NoError(t, err)
	require.Less(t, len(text), 950_000)
}

// TestDecideIsPure: whatever comes, entries of before are never changed, versions only grow within a run, and a command
// decided once changes nothing when it comes again.
func TestDecideIsPure(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var e *experiment.Entry
		at := now
		for i := range rapid.IntRange(1, 12).Draw(r, "commands") {
			at += rapid.Int64Range(0, 5000).Draw(r, "later")
			cmd := apply(t, fmt.Sprint("c", i), weights(float64(rapid.IntRange(0, 2).Draw(r, "weight")), 1))
			cmd.Kind = rapid.SampledFrom([]registry.Kind{"apply", "apply", "apply", "stop", "restart", "bad"}).Draw(r, "kind")
			if rapid.IntRange(0, 4).Draw(r, "immutable") == 0 {
				cmd.Definition.Grace = 9000
			}
			before, _ := json.Marshal(e)
			given, _ := json.Marshal(cmd)
			next := registry.Decide(e, cmd, at)
			after, _ := json.Marshal(e)
			kept, _ := json.Marshal(cmd)
			require.Equal(r, string(before), string(after), "the entry before is as it was")
			require.Equal(r, string(given), string(kept), "and so is the command")
			require.Same(r, next, registry.Decide(next, cmd, at+99))
			if e != nil && next.Run == e.Run {
				require.Equal(r, e.Versions, next.Versions[:len(e.Versions)])
			}
			for n := 1; n < len(next.Versions); n++ {
				require.Equal(r, int64(n+1), next.Versions[n].Version)
				require.GreaterOrEqual(r, next.Versions[n].Effective, next.Versions[n].Accepted+registry.Notice)
				require.GreaterOrEqual(r, next.Versions[n].Effective, next.Versions[n-1].Effective)
			}
			e = next
		}
	})
}
