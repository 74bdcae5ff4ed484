package registry_test

import (
	"context"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

func TestApply(t *testing.T) {
	cfg := cluster(t)
	host(t, cfg)
	ctx := limit(t)
	d := parse(t, button)
	entries, err := registry.Apply(ctx, cfg, d)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, 1, entries[0].Run)
	require.Equal(t, int64(1), entries[0].Latest().Version)
	require.Len(t, entries[0].Commands, 1)

	same, err := registry.Apply(ctx, cfg, d)
	require.NoError(t, err)
	require.Equal(t, entries[0].Versions, same[0].Versions, "applied again: nothing new")

	second := parse(t, button)
	second.Experiment = "banner"
	d.Variants[0].Weight = 10
	entries, err = registry.Apply(ctx, cfg, second, d)
	require.NoError(t, err)
	require.Equal(t, "banner", entries[0].Experiment)
	require.Equal(t, int64(2), entries[1].Latest().Version)
	require.GreaterOrEqual(t, entries[1].Latest().Effective, entries[1].Latest().Accepted+registry.Notice)
}

func TestApplyIsRefusedWithEveryFault(t *testing.T) {
	cfg := cluster(t)
	host(t, cfg)
	bad := parse(t, button)
	bad.Control, bad.Metrics[0].Event = "off", ""
	good := parse(t, button)
	good.Experiment = "banner"
	entries, err := registry.Apply(limit(t), cfg, bad, good)
	var refused *registry.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "button", refused.Experiment)
	require.ErrorContains(t, err, `control: "off" is none of the variants`)
	require.ErrorContains(t, err, "metrics.purchase.event: is missing")
	require.Nil(t, entries[0])
	require.Equal(t, "banner", entries[1].Experiment, "the others are applied")

	v := view(t, cfg)
	require.Nil(t, v.Entry("button"), "a refused one is no experiment")
	require.Len(t, v.Entries(), 1)
	bad.Control, bad.Metrics[0].Event = "control", "purchase"
	entries, err = registry.Apply(limit(t), cfg, bad)
	require.NoError(t, err)
	require.Equal(t, 1, entries[0].Run)

	bad.Experiment = "no name"
	_, err = registry.Apply(limit(t), cfg, bad)
	require.ErrorContains(t, err, `"no name" is no name of an experiment`)
}

func TestViewReloads(t *testing.T) {
	cfg := cluster(t)
	host(t, cfg)
	v := view(t, cfg)
	require.Empty(t, v.Entries())
	changed := v.Changed()
	ctx := limit(t)
	d := parse(t, button)
	_, err := v.Send(ctx, registry.Command{Kind: registry.KindApply, Experiment: "button", Definition: d})
	require.NoError(t, err)
	select {
	case <-changed:
	default:
		t.Fatal("the change was not told")
	}
	first := v.Entry("button")
	require.Len(t, v.Entries(), 1)

	other := view(t, cfg)
	changed = other.Changed()
	d.Variants[0].Weight = 5
	_, err = registry.Apply(ctx, cfg, d)
	require.NoError(t, err)
	select {
	case <-changed:
	case <-ctx.Done():
		t.Fatal("the other view was not told")
	}
	require.Equal(t, int64(2), other.Entry("button").Latest().Version)
	require.Equal(t, int64(1), first.Latest().Version, "an entry once given does not change")

	_, err = v.Send(ctx, registry.Command{Kind: registry.KindStop, Experiment: "button"})
	require.NoError(t, err)
	require.Equal(t, experiment.Stopped, v.Entry("button").State)
}

func TestRestartKeepsTheTable(t *testing.T) {
	cfg := cluster(t)
	stop := host(t, cfg)
	d := parse(t, button)
	before, err := registry.Apply(limit(t), cfg, d)
	require.NoError(t, err)
	stop()

	host(t, cfg)
	d.Variants[0].Weight = 10
	after, err := registry.Apply(limit(t), cfg, d)
	require.NoError(t, err)
	require.Len(t, after[0].Versions, 2)
	require.Equal(t, before[0].Versions[0], after[0].Versions[0])
	require.Equal(t, before[0].Commands[0], after[0].Commands[0])
}

func TestCommandsWait(t *testing.T) {
	cfg := cluster(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := registry.Apply(ctx, cfg, parse(t, button))
	require.ErrorIs(t, err, registry.ErrNoAnswer)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	host(t, cfg)
	entries, err := registry.Apply(limit(t), cfg, parse(t, button))
	require.NoError(t, err)
	require.Len(t, entries[0].Commands, 1, "sent twice it is one command")
	require.Len(t, entries[0].Versions, 1)
}

func TestRecordsThatAreNoCommands(t *testing.T) {
	cfg := cluster(t)
	host(t, cfg)
	v := view(t, cfg)
	emitter, err := goka.NewEmitter(cfg.Brokers, goka.Stream(cfg.Commands()), codecs.Bytes, goka.WithEmitterProducerBuilder(registry.Producer))
	require.NoError(t, err)
	for key, value := range map[string]string{
		"junk": "{", "none": "", "No Name": `{"id":"a","kind":"stop","experiment":"No Name"}`, "list": "[]",
		"newer": `{"id":"b","kind":"apply","experiment":"newer","definition":{"experiment":"newer","quorum":3}}`,
		"moved": `{"id":"c","kind":"stop","experiment":"elsewhere"}`,
	} {
		require.NoError(t, emitter.EmitSync(key, []byte(value)))
	}
	require.NoError(t, emitter.Finish())
	entries, err := v.Send(limit(t), registry.Command{Kind: registry.KindApply, Experiment: "button", Definition: parse(t, button)})
	require.NoError(t, err, "the processor goes on")
	require.Len(t, entries, 1)
	require.Len(t, v.Entries(), 1)
	require.ErrorContains(t, send(t, v, "newer", "b"), `unknown field "quorum"`)
	require.ErrorContains(t, send(t, v, "moved", "c"), `of "elsewhere", but its key is "moved"`)
}

// send is the refusal of a command that was sent before.
func send(t *testing.T, v *registry.View, name, id string) error {
	t.Helper()
	_, err := v.Send(limit(t), registry.Command{ID: id, Kind: registry.KindStop, Experiment: name})
	return err
}

func TestTopics(t *testing.T) {
	cfg := cluster(t)
	require.Equal(t, "abacus.registry-table", registry.Config{}.Table())
	require.Equal(t, "abacus.registry.commands", registry.Config{}.Commands())
	require.Equal(t, "abacus.registry", registry.Config{}.Group())
	require.NoError(t, registry.EnsureTopics(limit(t), cfg))
	require.NoError(t, registry.EnsureTopics(limit(t), cfg), "they may be there")
	admin, err := sarama.NewClusterAdmin(cfg.Brokers, registry.Settings("test"))
	require.NoError(t, err)
	defer admin.Close()
	topics, err := admin.ListTopics()
	require.NoError(t, err)
	require.Equal(t, int32(1), topics["shop.registry-table"].NumPartitions)
	require.Equal(t, int32(1), topics["shop.registry.commands"].NumPartitions)
	require.Equal(t, "compact", *topics["shop.registry-table"].ConfigEntries["cleanup.policy"])
	require.Equal(t, "2592000000", *topics["shop.registry.commands"].ConfigEntries["retention.ms"])

	require.NoError(t, admin.CreateTopic("wide.registry-table", &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 1}, false))
	cfg.Prefix = "wide"
	require.EqualError(t, registry.EnsureTopics(limit(t), cfg), "registry: topic wide.registry-table: has 2 partitions, want 1")
	require.ErrorContains(t, registry.EnsureTopics(limit(t), registry.Config{}), "no brokers given")
	cfg.Brokers = []string{"127.0.0.1:1"}
	err = registry.Run(limit(t), cfg)
	require.ErrorIs(t, err, registry.ErrUnreachable)
	require.ErrorContains(t, err, "registry: brokers [127.0.0.1:1]")
}
