package operation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/integration/services"
)

const partitions = 4 // of the events topic

// installation is one prefix on the shared broker with its topics, and what reads its results meanwhile.
type installation struct {
	t       testing.TB
	prefix  string
	brokers []string
	redis   string // URL; empty: the installation has no mirror
	client  *kgo.Client
	admin   *kadm.Client
}

// install makes the topics, too.
func install(t testing.TB) *installation {
	t.Helper()
	i := newInstallation(t)
	i.must("topics", "create", "--partitions", fmt.Sprint(partitions))
	return i
}

func newInstallation(t testing.TB) *installation {
	t.Helper()
	i := &installation{t: t, prefix: services.Prefix(t), brokers: services.Kafka(t)}
	var err error
	i.client, err = kgo.NewClient(kgo.SeedBrokers(i.brokers...), kgo.MetadataMinAge(50*time.Millisecond), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	t.Cleanup(i.client.Close)
	i.admin = kadm.NewClient(i.client)
	return i
}

// flags are those that every command of the installation has.
func (i *installation) flags() []string {
	f := []string{"--brokers", strings.Join(i.brokers, ","), "--prefix", i.prefix}
	if i.redis != "" {
		f = append(f, "--redis", i.redis)
	}
	return f
}

// do runs a command of the installation to its end.
func (i *installation) do(args ...string) answer {
	i.t.Helper()
	return do(i.t, append(args, i.flags()...)...)
}

// must runs a command that succeeds and gives its output.
func (i *installation) must(args ...string) string {
	i.t.Helper()
	got := i.do(args...)
	require.Zero(i.t, got.code, "abacus %s: %s%s", strings.Join(args, " "), got.out, got.err)
	return got.out
}

// lag is how many records `abacus status` counts that a part has not processed, and the topics that are to come.
func (i *installation) lag(part string) (n int64) {
	i.t.Helper()
	var status struct {
		Lag     map[string]int64
		Missing []string
	}
	got := i.do("status", part, "-o", "json")
	require.NoError(i.t, json.Unmarshal([]byte(got.out), &status), "%s%s", got.out, got.err)
	for _, behind := range status.Lag {
		n += behind
	}
	return n + int64(len(status.Missing))
}

// drained waits until a part has processed all that is there.
func (i *installation) drained(part string) {
	i.t.Helper()
	eventually(i.t, time.Minute, part+" has processed everything", func() bool { return i.lag(part) == 0 })
}

// verified demands that what is published is what the log says, once all of it is processed.
func (i *installation) verified() {
	i.t.Helper()
	i.drained("run")
	if i.redis != "" {
		i.drained("mirror")
	}
	said := i.must("verify")
	require.Regexp(i.t, `(?m)^verified: [1-9]\d* records, 0 differences$`, said)
	i.t.Log(strings.TrimSpace(said))
}

// members gives the members of a group of the installation, by instance id.
func (i *installation) members(group string) (ids []string) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	groups, err := i.admin.DescribeGroups(ctx, group)
	require.NoError(i.t, err)
	for _, m := range groups[group].Members {
		if m.InstanceID != nil {
			ids = append(ids, *m.InstanceID)
		}
	}
	return ids
}

// eventually waits for a condition that asks a service, so not too often.
func eventually(t testing.TB, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.FailNow(t, what+": not so", "after %s", patience)
		}
	}
}
