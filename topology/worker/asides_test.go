package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A topic that the app uses is none for dead letters: of a source's bad records each would come back as another.
func TestAsidesAreTopicsOfTheirOwn(t *testing.T) {
	cfg := func(dead, lates string) Config {
		return Config{Brokers: []string{"127.0.0.1:1"}, DeadLetters: dead, Lates: lates}
	}
	for _, c := range []struct{ dead, lates, want string }{
		{"words", "", `Config.DeadLetters is "words", which is a source of app app`},
		{"", "counts", `Config.Lates is "counts", which is a sink of app app`},
		{"both", "both", `Config.Lates is "both", which is the topic of Config.DeadLetters of app app`},
		{"a b", "", `topic of dead letters is "a b"`},
	} {
		_, err := New(counting(t, "app"), cfg(c.dead, c.lates))
		require.ErrorContains(t, err, c.want)
	}
	_, err := New(counting(t, "app"), cfg("", ""))
	require.NoError(t, err)
	_, err = New(nil, cfg("", ""))
	require.ErrorContains(t, err, "no topology")
}

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
