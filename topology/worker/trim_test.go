package worker

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// trimming puts a row for each word and trims its table at those that begin with "<".
type trimming struct{ ctx topology.Context }

func (p *trimming) Init(ctx topology.Context) error {
	p.ctx = ctx
	return nil
}

func (p *trimming) Process(rec *topology.Record[string, string]) error {
	if below, trim := strings.CutPrefix(rec.Value, "<"); trim {
		p.ctx.Table("panes").Trim([]byte(below))
	} else {
		p.ctx.Table("panes").Put([]byte(rec.Value), []byte("x"))
	}
	return nil
}

const monthMs = 30 * 24 * 3600 * 1000

func trimmed(t testing.TB) *topology.Topology {
	var b topology.Builder
	needs := topology.Needs{Stores: []topology.Store{{Name: "panes", Retention: monthMs}, {Name: "kept"}}}
	topology.Process(topology.From(&b, "words", codecs.String, codecs.String), "panes", needs, func(topology.Forward[string, string]) topology.Processor[string, string] {
		return &trimming{}
	})
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

func (c *cluster) values(values ...string) {
	for _, v := range values {
		require.NoError(c.t, c.client.ProduceSync(c.t.Context(), &kgo.Record{Topic: "words", Key: []byte("all"), Value: []byte(v)}).FirstErr())
	}
}

// runTrimmed runs the topology until the rows of its store are these.
func (c *cluster) runTrimmed(cfg Config, want ...string) {
	c.t.Helper()
	cfg.Brokers, cfg.Workers = c.brokers, 1
	app, err := New(trimmed(c.t), cfg)
	require.NoError(c.t, err)
	stop := c.start(app)
	s, err := app.Store("panes")
	require.NoError(c.t, err)
	var got []string
	require.Eventually(c.t, func() bool {
		got = nil
		for row, err := range s.Range(c.t.Context(), Span{}) {
			if err != nil {
				return false
			}
			got = append(got, string(row.Key))
		}
		return strings.Join(got, " ") == strings.Join(want, " ")
	}, 20*time.Second, 10*time.Millisecond, "rows are %v", &got)
	require.NoError(c.t, stop())
}

// What was trimmed does not come back, whether the store is opened again or restored from a changelog that has no
// tombstones of it.
func TestTrimmedRowsStayAwayOverRestarts(t *testing.T) {
	c, dir := newCluster(t), t.TempDir()
	c.values("a1", "a2", "b1", "c1")
	c.runTrimmed(Config{StateDir: dir}, "a1", "a2", "b1", "c1")
	c.values("<b", "b2")
	c.runTrimmed(Config{StateDir: dir}, "b1", "b2", "c1")
	c.runTrimmed(Config{StateDir: dir}, "b1", "b2", "c1")
	c.runTrimmed(Config{StateDir: t.TempDir()}, "b1", "b2", "c1")
	c.values("<c")
	c.runTrimmed(Config{StateDir: dir}, "c1")
	c.runTrimmed(Config{Memory: true}, "c1")
}

// A trim in a changelog whose transaction was aborted removes nothing.
func TestATrimThatIsAbortedIsNotRestored(t *testing.T) {
	c, dir := newCluster(t), t.TempDir()
	c.values("a1", "b1")
	c.runTrimmed(Config{StateDir: dir}, "a1", "b1")
	for p := range int32(partitions) {
		c.transaction(&kgo.Record{Topic: "app-panes-changelog", Partition: p, Key: []byte("\x00trim"), Value: []byte("z")})(kgo.TryAbort)
	}
	c.values("c1")
	c.runTrimmed(Config{StateDir: dir}, "a1", "b1", "c1")
	c.runTrimmed(Config{Memory: true}, "a1", "b1", "c1")
}

func TestChangelogsAreCreatedByTheRetentionOfTheirStores(t *testing.T) {
	c := newCluster(t)
	c.runTrimmed(Config{Memory: true, ChangelogSlack: time.Hour})
	configs, err := kadm.NewClient(c.client).DescribeTopicConfigs(t.Context(), "app-panes-changelog", "app-kept-changelog", "app-panes-task-changelog")
	require.NoError(t, err)
	settings := map[string]string{}
	for _, topic := range configs {
		for _, kv := range topic.Configs {
			settings[topic.Name+" "+kv.Key] = kv.MaybeValue()
		}
	}
	require.Equal(t, "compact,delete", settings["app-panes-changelog cleanup.policy"])
	require.Equal(t, "2595600000", settings["app-panes-changelog retention.ms"], "30 days and an hour")
	require.Equal(t, "compact", settings["app-kept-changelog cleanup.policy"])
	require.Equal(t, "compact", settings["app-panes-task-changelog cleanup.policy"])
}

// Whoever has made a changelog, or the topic of a table: one that deletes what is of use is told with the setting.
func TestAChangelogThatDeletesTooMuchIsTold(t *testing.T) {
	c := newCluster(t)
	admin := kadm.NewClient(c.client)
	made := func(topic string, settings ...string) {
		configs := map[string]*string{}
		for i := 0; i < len(settings); i += 2 {
			configs[settings[i]] = kadm.StringPtr(settings[i+1])
		}
		_, err := admin.CreateTopic(context.Background(), partitions, 1, configs, topic)
		require.NoError(t, err)
	}
	made("app-panes-changelog", "cleanup.policy", "compact,delete", "retention.ms", "604800000", "delete.retention.ms", "60000")
	made("app-kept-changelog", "cleanup.policy", "compact,delete", "retention.ms", "604800000")
	made("app-panes-task-changelog", "cleanup.policy", "compact", "delete.retention.ms", "60000")
	core, logs := observer.New(zap.ErrorLevel)
	told := func() map[string]string {
		all := map[string]string{}
		for _, e := range logs.TakeAll() {
			m := e.ContextMap()
			require.Contains(t, e.Message, "kafka-configs.sh")
			all[m["topic"].(string)] = m["setting"].(string) + " " + m["is"].(string) + " " + m["want"].(string)
		}
		return all
	}
	c.runTrimmed(Config{Memory: true, Logger: zap.New(core)})
	require.Equal(t, map[string]string{
		"app-panes-changelog":      "retention.ms 604800000 2678400000",
		"app-kept-changelog":       "cleanup.policy compact,delete compact",
		"app-panes-task-changelog": "delete.retention.ms 60000 86400000",
	}, told())
	for topic, long := range map[string]string{"short": "60000", "long": "86400000"} {
		made(topic, "cleanup.policy", "compact", "delete.retention.ms", long)
		var b topology.Builder
		topology.FromTable(&b, topic, "latest", codecs.String, codecs.String)
		topo, err := b.Build("of-" + topic)
		require.NoError(t, err)
		a, err := New(topo, Config{Brokers: c.brokers, Workers: 1, Memory: true, Logger: zap.New(core)})
		require.NoError(t, err)
		require.NoError(t, a.open(context.Background()))
		require.NoError(t, a.close())
	}
	require.Equal(t, map[string]string{"short": "delete.retention.ms 60000 86400000"}, told())
}
