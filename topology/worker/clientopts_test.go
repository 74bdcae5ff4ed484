package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

// Only what cannot break a guarantee is the user's to set on the clients.
func TestOptionsOfTheClients(t *testing.T) {
	cfg := func(opts ...kgo.Opt) Config { return Config{Brokers: []string{"127.0.0.1:1"}, Client: opts} }
	for name, opt := range map[string]kgo.Opt{
		"RequiredAcks": kgo.RequiredAcks(kgo.LeaderAck()), "DisableIdempotentWrite": kgo.DisableIdempotentWrite(), "TransactionalID": kgo.TransactionalID("mine"),
		"ConsumeTopics": kgo.ConsumeTopics("other"), "FetchIsolationLevel": kgo.FetchIsolationLevel(kgo.ReadCommitted()), "AllowAutoTopicCreation": kgo.AllowAutoTopicCreation(),
	} {
		_, err := New(counting(t, "app"), cfg(opt))
		require.Error(t, err, name)
	}
	_, err := New(counting(t, "app"), cfg(kgo.TransactionalID("mine")))
	require.ErrorContains(t, err, "option kgo.TransactionalID of Config.Client: it is the app's to set")
	_, err = New(counting(t, "app"), cfg(kgo.ClientID("mine"), kgo.DialTLS()))
	require.NoError(t, err)
	wrong := cfg()
	wrong.Replication, wrong.Instance = -2, "a b/é"
	_, err = New(counting(t, "app"), wrong)
	require.ErrorContains(t, err, "replication is -2")
	require.ErrorContains(t, err, `instance is "a b/é"`)
}

// A cluster that asks for a password is open to the options of the clients, and topics are made as often as is said.
func TestAClusterWithAPassword(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.EnableSASL(), kfake.Superuser("PLAIN", "ann", "secret"),
		kfake.GroupMinSessionTimeout(time.Second), kfake.SeedTopics(partitions, "words", "counts"))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	login := kgo.SASL(plain.Auth{User: "ann", Pass: "secret"}.AsMechanism())
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...), login)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	var commits counted
	a, err := New(counting(t, "app"), Config{Brokers: fake.ListenAddrs(), Workers: 1, Memory: true, Client: []kgo.Opt{login}, Replication: 2, Hooks: commits.hooks()})
	require.NoError(t, err)
	stop := (&cluster{t: t, brokers: fake.ListenAddrs(), client: client}).start(a)
	require.NoError(t, client.ProduceSync(context.Background(), &kgo.Record{Topic: "words", Key: []byte("w"), Value: []byte("x")}).FirstErr())
	require.Eventually(t, func() bool { return commits.commits.Load() > 0 }, waitLimit, tick)
	require.NoError(t, stop())
	topics, err := kadm.NewClient(client).ListTopics(context.Background(), "app.dlq")
	require.NoError(t, err)
	require.Len(t, topics["app.dlq"].Partitions[0].Replicas, 2)
}
