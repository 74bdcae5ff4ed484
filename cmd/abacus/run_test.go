package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/load"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

// TestRunCountsWhatLoadMade: run, load, tail, verify and status as an operator uses them, over a restart.
func TestRunCountsWhatLoadMade(t *testing.T) {
	i := install(t)
	processor := i.start("run", "--mirror", "-o", "json")
	processor.says(`"app started","app":"abacus-mirror"`)
	truth := i.load("--seed", "7", "--tagged", "0.1")
	require.Regexp(t, `^verified: \d+ records, 0 differences\n$`, i.must("verify"))
	i.requireTruth(truth)
	status := i.must("status")
	require.Regexp(t, `(?s)run +abacus +Stable +1 .*mirror +abacus-mirror +Stable +1`, status)
	require.Regexp(t, `(?m)^run +0_2 +abacus.events +2 +\d+ +\d+ +0 +abacus-\w+-0 at 127.0.0.1(:\d+)?$`, status)
	require.Regexp(t, `(?m)^run +1_0 +abacus-deltas-repartition +0 +\d+ +\d+ +0 +abacus-\w+-0 at`, status)
	require.Regexp(t, `(?m)^mirror +- +abacus.stats +3 .* abacus-mirror-\w+-0 at`, status)
	require.Regexp(t, `"topic":"abacus.events","partition":1,"committed":\d+,"end":\d+,"behind":0,"task":"0_1","member":"abacus-`, i.must("status", "-o", "json"))

	processor.end()
	for _, line := range parsed[map[string]any](t, processor.log.String()) {
		require.Contains(t, line, "message")
		require.Contains(t, line, "level")
	}
	processor.says(`"message":"stopped"`)
	got := i.do("status", "run")
	require.Equal(t, exitFailed, got.code)
	require.Regexp(t, `(?m)^run +0_2 +abacus.events +2 .* nobody$`, got.out)
	require.Contains(t, got.err, "group abacus has no member: is `abacus run` running?")

	again := i.start("run")
	alone := i.start("mirror", "--state-dir", t.TempDir())
	again.says("app started")
	alone.says("app started")
	i.load("--seed", "8")
	require.Contains(t, i.must("verify", "-o", "json"), `"differences":0`)
	require.Contains(t, i.must("status", "mirror"), "Stable")
	again.end()
	alone.end()
	require.NotContains(t, again.log.String(), "rebuilt", "the state is found again")
}

// TestRunKeepsStandbys: two processes keep copies of each other's tasks, and the figures are right after one has gone.
func TestRunKeepsStandbys(t *testing.T) {
	i := install(t)
	require.Equal(t, exitUsage, i.do("run", "--standbys", "-1").code)
	one := i.start("run", "--mirror", "--standbys", "1")
	one.says("app started")
	two := start(t, slices.Concat([]string{"run", "--mirror", "--standbys", "1"}, i.flags, []string{"--state-dir", t.TempDir()})...)
	one.says("standby begins")
	two.says("standby begins")
	one.end()
	i.load("--seed", "8")
	require.Contains(t, i.must("verify", "-o", "json"), `"differences":0`)
	two.end()
}

// TestLoadOverAnEarlierOne: experiments in another form are refused, all or none, unless new runs are asked for.
func TestLoadOverAnEarlierOne(t *testing.T) {
	i := install(t)
	processor := i.start("run", "--mirror")
	defer processor.end()
	i.load("--seed", "8")
	got := i.do("load", "--rate", "1500", "--for", "1s", "--guardrail", "--experiments", "4")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "heavy-banner: would be refused: ")
	require.Contains(t, got.err, "--restart begins new runs")
	require.NotContains(t, i.must("experiments", "list"), "-0004", "none of the others is made")
	i.load("--seed", "9", "--guardrail", "--restart")
	require.Contains(t, i.must("experiments", "history", "heavy-banner"), "heavy-banner: running, run 2")
	require.Contains(t, i.must("verify", "-o", "json"), `"differences":0`)
}

// load runs abacus load for a second and returns its truth.
func (i *installation) load(args ...string) load.Truth {
	i.t.Helper()
	args = append([]string{"load", "--rate", "1500", "--for", "1s", "--duplicates", "0.02", "--late", "0.02", "--window", "5s", "-o", "json"}, args...)
	return parsed[load.Truth](i.t, i.must(args...))[0]
}

// requireTruth compares what tail shows with what load made.
func (i *installation) requireTruth(truth load.Truth) {
	t := i.t
	t.Helper()
	shown := map[string]*result.Record{}
	for line := range strings.Lines(i.must("tail", "--once", "-o", "json")) {
		var rec *result.Record
		require.NoError(t, result.Codec.Parse([]byte(strings.TrimSpace(line)), &rec))
		shown[rec.Experiment] = rec
	}
	require.Len(t, shown, 4)
	for _, e := range truth.Experiments {
		for _, v := range e.Variants {
			require.Equal(t, v.Units, shown[e.Experiment].Units[v.Variant], e.Experiment)
			for name, m := range shown[e.Experiment].Metrics {
				want := v.Sum
				if name == "purchase" {
					want = strconv.FormatInt(v.Buyers, 10)
				}
				require.Equal(t, want, m.Variants[v.Variant].Sum, "%s %s %s", e.Experiment, v.Variant, name)
			}
		}
	}
	text := i.must("tail", "--once", "heavy-banner")
	require.Regexp(t, `(?m)^\S+ heavy-banner purchase treatment n=\d+ value=`, text)
	require.NotContains(t, text, "checkout-button")
}

// TestRunWaitsForKafka: a processor that is started first says that it waits, and goes on when Kafka is there.
func TestRunWaitsForKafka(t *testing.T) {
	t.Chdir(t.TempDir())
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := reserved.Addr().(*net.TCPAddr).Port
	require.NoError(t, reserved.Close())
	address := fmt.Sprintf("127.0.0.1:%d", port)
	processor := start(t, "run", "--brokers", address, "--workers", "1", "--state-dir", t.TempDir())
	processor.says("kafka is away, waiting for it")
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port))
	require.NoError(t, err)
	defer kafka.Close()
	processor.says("topics created")
	processor.says("app started")
	processor.end()

	away := start(t, "run", "--brokers", "127.0.0.1:1")
	away.says("kafka is away")
	away.end() // to wait is no reason not to stop
}

// TestRunRefuses what it cannot run on: all of it, at once.
func TestRunRefuses(t *testing.T) {
	i := install(t)
	admin := kadm.NewClient(i.Client)
	_, err := admin.DeleteTopics(context.Background(), "abacus.stats", "abacus.late")
	require.NoError(t, err)
	for _, name := range []string{"abacus.stats", "abacus.late"} {
		_, err = admin.CreateTopic(context.Background(), 4, -1, nil, name)
		require.NoError(t, err)
	}
	got := i.do("run")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "abacus.stats: cleanup.policy is delete, want compact")
	require.Contains(t, got.err, "abacus.late: message.timestamp.type is CreateTime, want LogAppendTime")
	got = i.do("topics", "check", "--partitions", "4")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.out, "! topic abacus.stats: cleanup.policy is delete, want compact\n")
	require.Contains(t, got.err, "deviations")

	require.Equal(t, exitUsage, run(t, newRootCommand(), "run", "--mirror", "--redis", "localhost:6379").code)
	require.Equal(t, exitUsage, run(t, newRootCommand(), "run", "--log-level", "loud").code)
	require.Equal(t, exitUsage, i.do("status", "demo").code)
}

// TestTwoInstallationsOnOneRedis: the second is told whose it is, by each command that would use it.
func TestTwoInstallationsOnOneRedis(t *testing.T) {
	i := install(t)
	processor := i.start("run", "--mirror")
	defer processor.end()
	i.load("--seed", "4", "--experiments", "1")
	i.must("verify")
	for _, args := range [][]string{{"run", "--mirror"}, {"mirror"}} {
		got := i.do(append(args, "--prefix", "two")...)
		require.Equal(t, exitFailed, got.code, args)
		require.Contains(t, got.err, "redis belongs to installation abacus@")
	}
	owner := i.Redis.HGet(context.Background(), "ab:mirror", "owner").Val()
	require.NoError(t, i.Redis.HSet(context.Background(), "ab:mirror", "owner", "another@k").Err())
	require.Contains(t, i.do("verify").err, "redis belongs to installation another@k")
	require.NoError(t, i.Redis.HSet(context.Background(), "ab:mirror", "owner", owner).Err())
	i.must("verify")
}

func TestTopicsCreateAndCheck(t *testing.T) {
	i := install(t)
	require.Equal(t, "7 topics are as they have to be\n", i.must("topics", "check", "--partitions", "4"))
	require.Contains(t, i.must("topics", "create", "--prefix", "other", "--partitions", "5"), "other.events: created, 5 partitions, delete\n")
	require.Contains(t, i.must("topics", "create", "--prefix", "other"), "other.events: there already\n")
	require.Contains(t, i.must("topics", "create", "--prefix", "other", "--partitions", "9"), "other.events: there already; number of partitions is 5, not 9\n")
	require.Contains(t, i.must("topics", "check", "--prefix", "other"), "7 topics are as they have to be\n")
	require.Equal(t, exitUnreachable, i.do("experiments", "list", "--prefix", "othre").code)
	require.Equal(t, exitFailed, i.do("topics", "check", "--prefix", "othre").code, "looking has made no topics")
	require.Contains(t, i.must("topics", "create", "--prefix", "third", "-o", "json"), `{"created":true,"topic":"third.events"}`)
	require.Equal(t, exitUsage, i.do("topics", "create", "--partitions", "0").code)
	got := run(t, newRootCommand(), "topics", "check", "--brokers", "127.0.0.1:1")
	require.Equal(t, exitUnreachable, got.code)
	require.Contains(t, got.err, "no broker answers at 127.0.0.1:1")
}

// TestVerifyJudges: a figure that is not what the log says is found; a log that is not whole is refused.
func TestVerifyJudges(t *testing.T) {
	i := install(t)
	processor := i.start("run", "--mirror")
	processor.says("app started")
	i.load("--seed", "3", "--experiments", "1")
	i.must("verify")
	processor.end()

	var total map[string]any
	require.NoError(t, json.Unmarshal([]byte(i.must("tail", "--once", "-o", "json")), &total))
	total["units"].(map[string]any)["control"] = 1
	forged, err := json.Marshal(total)
	require.NoError(t, err)
	i.produce(&kgo.Record{Topic: "abacus.stats", Key: []byte("checkout-button|total"), Value: forged})
	got := i.do("verify", "--settle", "0s")
	require.Equal(t, exitFailed, got.code)
	require.Regexp(t, `(?m)^checkout-button\|total units.control: the log says \d+, found 1$`, got.out)
	require.Regexp(t, `(?m)^verified: \d+ records, \d+ differences?$`, got.out)
	require.Regexp(t, `"differences":[1-9].*"first":\[\{`, i.do("verify", "--settle", "0s", "-o", "json").out)

	require.NoError(t, i.Redis.HSet(context.Background(), "ab:stats:{checkout-button}", "units.control", "2").Err())
	require.Contains(t, i.do("verify", "--settle", "0s").out, "units.control: the log says")

	var gone kadm.Offsets
	gone.AddOffset("abacus.events", 2, 1, -1)
	_, err = kadm.NewClient(i.Client).DeleteRecords(context.Background(), gone)
	require.NoError(t, err)
	got = i.do("verify")
	require.Equal(t, exitUnreachable, got.code)
	require.Contains(t, got.err, "abacus.events/2 begins at offset 1")
	got = i.do("verify", "--prefix", "other")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "topic other.")
	require.Contains(t, got.err, "does not exist")
}

// produce writes a record of the stats topic to where its key belongs.
func (i *installation) produce(rec *kgo.Record) {
	i.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(i.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(i.t, err)
	defer client.Close()
	rec.Partition = cells.PartitionByExperiment(rec.Key, 4)
	require.NoError(i.t, client.ProduceSync(context.Background(), rec).FirstErr())
}

// TestReplayIntoACluster: with --wait the result is there; fed again it stays; without --wait it comes by itself.
func TestReplayIntoACluster(t *testing.T) {
	i := install(t)
	require.NoError(t, os.WriteFile("rows.csv", []byte(replayRows), 0o600))
	got := run(t, newRootCommand(), append(replayArgs, "--brokers", "127.0.0.1:1")...)
	require.Equal(t, exitUnreachable, got.code)
	processor := i.start("run", "--mirror")
	processor.says("app started")
	first := i.must(append(replayArgs, "--wait", "-o", "json")...)
	var rec *result.Record
	require.NoError(t, result.Codec.Parse([]byte(first), &rec))
	require.Equal(t, map[string]int64{"old": 2, "new": 1}, rec.Units)
	require.True(t, rec.Closed)
	require.Contains(t, i.must(append(replayArgs, "--wait")...), "shop")
	got = i.do(replayArgs...)
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.err, "5 events fed; see `abacus tail shop`")
	i.must("verify")
	processor.end()
}
