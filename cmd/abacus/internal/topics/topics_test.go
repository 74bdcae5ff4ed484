package topics_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
)

// cluster is a client of a Kafka of its own.
func cluster(t *testing.T, opts ...kfake.Opt) *kgo.Client {
	t.Helper()
	kafka, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1))...)
	require.NoError(t, err)
	t.Cleanup(kafka.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka.ListenAddrs()...), kgo.MetadataMinAge(10*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

func TestCreateMakesWhatIsMissing(t *testing.T) {
	ctx, admin := context.Background(), kadm.NewClient(cluster(t))
	_, err := admin.CreateTopic(ctx, 1, -1, map[string]*string{
		"cleanup.policy": kadm.StringPtr("delete"), "retention.ms": kadm.StringPtr("2592000000"), "message.timestamp.type": kadm.StringPtr("LogAppendTime"),
	}, "x.late")
	require.NoError(t, err)
	made, err := topics.Create(ctx, admin, topics.Table("x", 3))
	require.NoError(t, err)
	require.Equal(t, []string{"x.events", "x.stats", "x.decisions", "x.dlq", "x.registry.commands", "x.registry-table"}, made)
	found, err := topics.Check(ctx, admin, topics.Table("x", 3))
	require.NoError(t, err)
	require.Empty(t, found)
	made, err = topics.Create(ctx, admin, topics.Table("x", 3))
	require.NoError(t, err)
	require.Empty(t, made)

	found, err = topics.Check(ctx, admin, topics.Table("x", 0))
	require.NoError(t, err)
	require.Empty(t, found, "nobody has asked for a number")
	found, err = topics.Check(ctx, admin, topics.Table("x", 8))
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "topic x.events: number of partitions is 3, want 8", found[0].String())
	require.NoError(t, topics.Refuse(found), "another number of partitions is a matter of taste")
}

func TestCheckNamesEverythingAtOnce(t *testing.T) {
	ctx, admin := context.Background(), kadm.NewClient(cluster(t))
	wrong := map[string]map[string]*string{
		"x.events":            {"retention.ms": kadm.StringPtr("3600000")},
		"x.stats":             {"message.timestamp.type": kadm.StringPtr("LogAppendTime")},
		"x.registry-table":    {"cleanup.policy": kadm.StringPtr("compact"), "message.timestamp.type": kadm.StringPtr("LogAppendTime")},
		"x.registry.commands": {"message.timestamp.type": kadm.StringPtr("LogAppendTime"), "retention.ms": kadm.StringPtr("-1")},
	}
	for name, configs := range wrong {
		_, err := admin.CreateTopic(ctx, 2, -1, configs, name)
		require.NoError(t, err)
	}
	found, err := topics.Check(ctx, admin, topics.Table("x", 2))
	require.NoError(t, err)
	var fatal, harmless []string
	for _, d := range found {
		if d.Fatal {
			fatal = append(fatal, d.String())
		} else {
			harmless = append(harmless, d.String())
		}
	}
	require.Equal(t, []string{
		"topic x.decisions is missing", "topic x.late is missing", "topic x.dlq is missing",
		"topic x.registry.commands: number of partitions is 2, want 1", "topic x.registry-table: number of partitions is 2, want 1",
		"topic x.events: message.timestamp.type is CreateTime, want LogAppendTime",
		"topic x.stats: cleanup.policy is delete, want compact",
	}, fatal)
	require.Equal(t, []string{
		"topic x.stats: number of partitions is 2, want 4", "topic x.events: retention.ms is 1h0m0s, want 168h0m0s or longer",
	}, harmless)
	require.ErrorContains(t, topics.Refuse(found), "x.stats: cleanup.policy is delete")
	require.NotContains(t, topics.Refuse(found).Error(), "168h")
}

func TestCheckCluster(t *testing.T) {
	found, err := topics.CheckCluster(context.Background(), cluster(t))
	require.NoError(t, err)
	require.Empty(t, found)
	found, err = topics.CheckCluster(context.Background(), cluster(t, kfake.MaxVersions(kversion.V3_7_0())))
	require.NoError(t, err)
	require.Equal(t, "cluster: transaction.version is 0, want 2 or more (Kafka 4)", found[0].String())
	require.Error(t, topics.Refuse(found))
}
