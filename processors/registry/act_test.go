package registry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

// decided is a decision about the treatment of button by a metric.
func decided(run int64, metric, action string) *decision.Record {
	return &decision.Record{
		V: decision.Version, ID: decision.ID("button", run, metric, "treatment"), Experiment: "button", Run: run, Action: action,
		Metric: metric, Variant: "treatment", ConfigVersion: 1, Pane: now, Alpha: .01, Budget: .01, LogE: 7, E: result.Num(1096.6), P: .0009,
		Control: &decision.Arm{N: 1000, Sum: "10", Mean: result.Num(.01)}, Treatment: &decision.Arm{N: 1000, Sum: "50", Mean: result.Num(.05)},
		Reason: "More errors.",
	}
}

func TestActStops(t *testing.T) {
	running := registry.Decide(nil, apply(t, "c1"), now)
	before, err := json.Marshal(running)
	require.NoError(t, err)
	e := registry.Act(running, decided(1, "errors", decision.Stop), now+10)
	require.Equal(t, experiment.Stopped, e.State)
	require.Equal(t, now+10+registry.Notice, e.Latest().Definition.End.UnixMilli())
	require.Equal(t, now+10+registry.Notice, e.Latest().Effective)
	require.Equal(t, "button|1|errors|treatment", e.Latest().Command, "the history tells who ended it")
	require.Equal(t, []experiment.Acted{{Record: *decided(1, "errors", decision.Stop), Accepted: now + 10, Version: 2}}, e.Decisions)
	require.Same(t, e, registry.Act(e, decided(1, "errors", decision.Stop), now+20), "the same decision again")

	second := registry.Act(e, decided(1, "crashes", decision.Stop), now+20)
	require.Equal(t, e.Versions, second.Versions, "stopped already: noted, nothing more")
	require.Len(t, second.Decisions, 2)
	require.Zero(t, second.Decisions[1].Version)
	after, err := json.Marshal(running)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after), "the entry before is as it was")

	var read *experiment.Entry
	data, err := (experiment.EntryCodec{}).Append(nil, e)
	require.NoError(t, err)
	require.NoError(t, (experiment.EntryCodec{}).Parse(data, &read))
	require.Equal(t, e.Decisions, read.Decisions, "the evidence is in the table")
}

func TestActAlerts(t *testing.T) {
	running := registry.Decide(nil, apply(t, "c1"), now)
	e := registry.Act(running, decided(1, "errors", decision.Alert), now+10)
	require.Equal(t, experiment.Running, e.State)
	require.Equal(t, running.Versions, e.Versions)
	require.Len(t, e.Decisions, 1)
	for i := range 100 {
		e = registry.Act(e, decided(1, fmt.Sprint("m", i), decision.Alert), now+10)
	}
	require.Len(t, e.Decisions, 64)
	require.Equal(t, "m99", e.Decisions[63].Metric)
	require.Equal(t, experiment.Stopped, registry.Act(e, decided(1, "errors2", decision.Stop), now+20).State)
}

func TestActIgnores(t *testing.T) {
	running := registry.Decide(nil, apply(t, "c1"), now)
	again := registry.Decide(running, registry.Command{ID: "c2", Kind: registry.KindRestart, Experiment: "button"}, now)
	stop := decided(1, "errors", decision.Stop)
	require.Nil(t, registry.Act(nil, stop, now), "an experiment never heard of")
	require.Same(t, again, registry.Act(again, stop, now), "of a run before")
	require.Same(t, running, registry.Act(running, decided(2, "errors", decision.Stop), now), "of a run that never began")

	stopped := registry.Decide(running, registry.Command{ID: "c2", Kind: registry.KindStop, Experiment: "button"}, now)
	require.Same(t, stopped, registry.Act(stopped, stop, now+registry.Notice), "the end has come")
	over := registry.Decide(nil, apply(t, "c1", func(d *experiment.Definition) { d.End = moment(now + 5) }), now)
	require.Same(t, over, registry.Act(over, stop, now+5), "a planned end too")
	draft := registry.Decide(nil, apply(t, "c1", func(d *experiment.Definition) { d.Draft = true }), now)
	require.Same(t, draft, registry.Act(draft, stop, now))
}

func TestRestartKeepsWhatWasDecided(t *testing.T) {
	e := registry.Decide(nil, apply(t, "c1"), now)
	e = registry.Act(e, decided(1, "errors", decision.Stop), now+10)
	e = registry.Decide(e, registry.Command{ID: "c2", Kind: registry.KindRestart, Experiment: "button"}, now+9000)
	require.Equal(t, 2, e.Run)
	require.Empty(t, e.Decisions, "of this run")
	require.Nil(t, e.Latest().Definition.End, "the end of the run before is not that of this one")
	require.Len(t, e.Earlier, 1)
	require.Equal(t, experiment.Earlier{
		Run: 1, State: experiment.Stopped, Versions: 2, Start: now, End: now + 10 + registry.Notice, Replaced: now + 9000, Command: "c1",
		Decisions: []experiment.Acted{{Record: *decided(1, "errors", decision.Stop), Accepted: now + 10, Version: 2}},
	}, e.Earlier[0])
}

// decide produces decisions in one transaction, which ends as told.
func decide(t *testing.T, cfg registry.Config, end kgo.TransactionEndTry, all ...*decision.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...), kgo.TransactionalID("engine"), kgo.DefaultProduceTopic(cfg.Decisions()))
	require.NoError(t, err)
	defer client.Close()
	ctx := limit(t)
	require.NoError(t, client.BeginTransaction())
	for _, r := range all {
		data, err := decision.Codec.Append(nil, r)
		require.NoError(t, err)
		require.NoError(t, client.ProduceSync(ctx, &kgo.Record{Key: []byte(r.Experiment), Value: data}).FirstErr())
	}
	require.NoError(t, client.EndTransaction(ctx, end))
}

// await waits until the view's entry of button is as wanted.
func await(t *testing.T, v *registry.View, wanted func(e *experiment.Entry) bool) *experiment.Entry {
	t.Helper()
	ctx := limit(t)
	for {
		changed := v.Changed()
		if e := v.Entry("button"); e != nil && wanted(e) {
			return e
		}
		select {
		case <-changed:
		case <-ctx.Done():
			require.Failf(t, "the entry never was as wanted", "%+v", v.Entry("button"))
		}
	}
}

// noted says that an entry holds so many decisions.
func noted(n int) func(e *experiment.Entry) bool {
	return func(e *experiment.Entry) bool { return len(e.Decisions) == n }
}

// TestDecisionsStop: decisions of the engine, through a broker. An aborted one was never made, one that comes again changes
// nothing, a processor that restarts goes on behind them.
func TestDecisionsStop(t *testing.T) {
	cfg := cluster(t)
	stopHost := host(t, cfg)
	v := view(t, cfg)
	_, err := registry.Apply(limit(t), cfg, parse(t, button))
	require.NoError(t, err)

	decide(t, cfg, kgo.TryAbort, decided(1, "errors", decision.Stop))
	decide(t, cfg, kgo.TryCommit, decided(2, "errors", decision.Stop), decided(1, "warnings", decision.Alert))
	e := await(t, v, noted(1)) // what came before it in the topic is decided about
	require.Equal(t, "warnings", e.Decisions[0].Metric)
	require.Equal(t, experiment.Running, e.State, "neither an aborted stop nor one of another run ends it")

	began := time.Now()
	decide(t, cfg, kgo.TryCommit, decided(1, "errors", decision.Stop))
	e = await(t, v, func(e *experiment.Entry) bool { return e.State == experiment.Stopped })
	took := time.Since(began)
	t.Logf("everyone knows %v after the decision was produced, it ends %d ms after its acceptance", took, registry.Notice)
	require.Less(t, took, 10*time.Second, "far from the two seconds is broken, not slow")
	require.Equal(t, e.Latest().Accepted+registry.Notice, e.Latest().Definition.End.UnixMilli())

	stopHost()
	host(t, cfg)
	decide(t, cfg, kgo.TryCommit, decided(1, "errors", decision.Stop), decided(1, "last", decision.Alert))
	again := await(t, v, noted(3))
	require.Equal(t, e.Versions, again.Versions, "the same decision changes nothing")
	require.Equal(t, e.Decisions, again.Decisions[:2])
}

// TestRecordsThatAreNoDecisions: they are passed over, commands and decisions behind them are not.
func TestRecordsThatAreNoDecisions(t *testing.T) {
	cfg := cluster(t)
	host(t, cfg)
	v := view(t, cfg)
	_, err := registry.Apply(limit(t), cfg, parse(t, button))
	require.NoError(t, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...), kgo.DefaultProduceTopic(cfg.Decisions()))
	require.NoError(t, err)
	defer client.Close()
	moved, err := decision.Codec.Append(nil, decided(1, "errors", decision.Stop))
	require.NoError(t, err)
	for key, value := range map[string]string{"button": "{", "banner": string(moved)} {
		require.NoError(t, client.ProduceSync(context.Background(), &kgo.Record{Key: []byte(key), Value: []byte(value)}).FirstErr())
	}
	decide(t, cfg, kgo.TryCommit, decided(1, "errors", decision.Alert))
	require.Equal(t, experiment.Running, await(t, v, noted(1)).State)
}
