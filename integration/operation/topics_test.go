package operation

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
)

// Topics that somebody made in another way: check names every deviation with what it has to be, run
// refuses those it cannot work on, and what check says to do helps.
func TestTopicsCheckNamesWhatIsWrong(t *testing.T) {
	i := newInstallation(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	create := func(name string, partitions int32, settings map[string]string) {
		configs := map[string]*string{}
		for k, v := range settings {
			configs[k] = &v
		}
		_, err := i.admin.CreateTopic(ctx, partitions, 1, configs, i.prefix+name)
		require.NoError(t, err)
	}
	appended := map[string]string{"message.timestamp.type": "LogAppendTime", "cleanup.policy": "compact"}
	create(".events", 3, map[string]string{"message.timestamp.type": "LogAppendTime", "retention.ms": "3600000"})
	create(".stats", 4, map[string]string{"message.timestamp.type": "LogAppendTime"})
	create(".late", 1, nil)
	create(".registry-table", 2, appended)
	require.Eventually(t, func() bool { // the broker knows them a little after it has created them
		found, err := i.admin.ListTopics(ctx, i.prefix+".events", i.prefix+".stats", i.prefix+".late", i.prefix+".registry-table")
		return err == nil && found.Error() == nil
	}, 20*time.Second, 5*time.Millisecond)

	got := i.do("topics", "check", "--partitions", "8")
	t.Logf("%s%s", got.out, got.err)
	require.Equal(t, 1, got.code)
	wrong := []string{
		".stats: cleanup.policy is delete, want compact",
		".late: message.timestamp.type is CreateTime, want LogAppendTime",
		".registry-table: number of partitions is 2, want 1",
	}
	for _, line := range wrong {
		require.Contains(t, got.out, "! topic "+i.prefix+line+"\n")
	}
	require.Contains(t, got.out, "! topic "+i.prefix+".dlq is missing\n")
	require.Contains(t, got.out, "  topic "+i.prefix+".events: number of partitions is 3, want 8\n")
	require.Contains(t, got.out, "  topic "+i.prefix+".events: retention.ms is 1h0m0s, want 168h0m0s or longer\n")

	refused := i.do("run", "--state-dir", t.TempDir())
	t.Log(refused.err)
	require.Equal(t, 1, refused.code)
	require.Contains(t, refused.err, "abacus topics check --help")
	for _, line := range wrong {
		require.Contains(t, refused.err, i.prefix+line)
	}

	alter := func(topic, setting, value string) {
		_, err := i.admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: setting, Value: &value}}, i.prefix+topic)
		require.NoError(t, err)
	}
	alter(".stats", "cleanup.policy", "compact")
	alter(".late", "message.timestamp.type", "LogAppendTime")
	alter(".late", "retention.ms", "-1")
	alter(".events", "retention.ms", "-1")
	_, err := i.admin.DeleteTopics(ctx, i.prefix+".registry-table")
	require.NoError(t, err)
	i.must("topics", "create")
	require.Equal(t, "7 topics are as they have to be\n", i.must("topics", "check", "--partitions", "3"))
	run := i.run()
	run.says("task runs")
	run.stop()
}
