package experiment_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors/experiment"
)

var entries codecs.Codec[*experiment.Entry] = experiment.EntryCodec{}

func TestEntryVersions(t *testing.T) {
	e := &experiment.Entry{}
	require.Nil(t, e.Latest())
	require.Zero(t, e.EpochAt(5))
	e.Versions = []experiment.Version{{Version: 1, Effective: 100}, {Version: 2, Effective: 200}, {Version: 3, Effective: 200}, {Version: 4, Effective: 300}}
	require.Equal(t, int64(4), e.Latest().Version)
	for at, want := range map[int64]int64{0: 1, 100: 1, 199: 1, 200: 3, 299: 3, 300: 4, 999: 4} {
		require.Equal(t, want, e.EpochAt(at), "at %d", at)
	}
}

func TestEntryCodec(t *testing.T) {
	d := parse(t, checkout)
	d.Defaults()
	e := &experiment.Entry{Experiment: "checkout-button", Run: 2, State: experiment.Running, Commands: []string{"c"},
		Versions: []experiment.Version{{Version: 1, Accepted: 5, Effective: 6, Definition: *d}}, Refused: []experiment.Refusal{{Command: "x", Reason: "y"}}}
	text, err := entries.Append([]byte("head"), e)
	require.NoError(t, err)
	require.Equal(t, "head", string(text[:4]))
	var back *experiment.Entry
	require.NoError(t, entries.Parse(text[4:], &back))
	require.Equal(t, d.Variants, back.Latest().Definition.Variants)
	again, err := experiment.EntryCodec{}.Encode(back)
	require.NoError(t, err)
	require.Equal(t, string(text[4:]), string(again))
	untyped, err := experiment.EntryCodec{}.Decode(again)
	require.NoError(t, err)
	require.IsType(t, back, untyped)

	for _, bad := range []*experiment.Entry{nil, {}} {
		kept, err := entries.Append([]byte("kept"), bad)
		require.ErrorIs(t, err, experiment.ErrEntry)
		require.Equal(t, "kept", string(kept))
	}
	for _, text := range []string{"null", "{}", `{"run":1}`} {
		require.ErrorIs(t, entries.Parse([]byte(text), &back), experiment.ErrEntry)
	}
	require.Error(t, entries.Parse([]byte("{"), &back))
	require.Equal(t, "checkout-button", back.Experiment, "an error leaves it as it was")
}

func TestVariantsJSON(t *testing.T) {
	want := experiment.Variants{{Name: "z", Weight: 1}, {Name: "a", Weight: 2.5}}
	for _, text := range []string{`{"z":1,"a":2.5}`, ` [{"name":"z","weight":1},{"name":"a","weight":2.5}]`} {
		var v experiment.Variants
		require.NoError(t, json.Unmarshal([]byte(text), &v))
		require.Equal(t, want, v)
	}
	for _, text := range []string{`{"z":"1"}`, `5`, `["z"]`, `{"z":{}}`} {
		var v experiment.Variants
		require.Error(t, json.Unmarshal([]byte(text), &v), text)
	}
	require.Equal(t, 1, want.Index("a"))
	require.Equal(t, -1, want.Index("b"))
}

func TestEarliestDecision(t *testing.T) {
	d := parse(t, small+`
grace: 2s
metrics:
  - {name: slow, kind: count, event: e, window: 10m, guardrail: true, on_harm: stop}
  - {name: quick, kind: count, event: e, window: 1m, delay: 1s, guardrail: true, on_harm: alert}
  - {name: never, kind: count, event: e, window: unlimited, guardrail: true, on_harm: stop}
  - {name: goal, kind: count, event: e, window: 1s}`)
	e := experiment.Entry{Versions: []experiment.Version{{Effective: 1000, Definition: *d}, {Effective: 9000, Definition: *d}}}
	require.Equal(t, int64(1000+60_000+1000+2000), e.EarliestDecision(), "delay, window and grace after the start of the run")
	e.Versions[1].Definition.Metrics = d.Metrics[2:]
	require.Zero(t, e.EarliestDecision())
	require.Zero(t, (&experiment.Entry{}).EarliestDecision())
}
