package worker

import (
	"reflect"

	"github.com/twmb/franz-go/pkg/kgo"
)

// ownOptions are those that the guarantees rest on, and those by which the app reads and writes.
var ownOptions = map[string]any{
	"RequiredAcks": kgo.RequiredAcks, "DisableIdempotentWrite": kgo.DisableIdempotentWrite, "TransactionalID": kgo.TransactionalID,
	"ConsumerGroup": kgo.ConsumerGroup, "ConsumeTopics": kgo.ConsumeTopics, "ConsumePartitions": kgo.ConsumePartitions,
	"ConsumeRegex": kgo.ConsumeRegex, "FetchIsolationLevel": kgo.FetchIsolationLevel, "AutoCommitMarks": kgo.AutoCommitMarks,
	"GreedyAutoCommit": kgo.GreedyAutoCommit, "Balancers": kgo.Balancers, "InstanceID": kgo.InstanceID,
	"DefaultProduceTopic": kgo.DefaultProduceTopic, "RecordDeliveryTimeout": kgo.RecordDeliveryTimeout, "RecordRetries": kgo.RecordRetries,
	"AllowAutoTopicCreation": kgo.AllowAutoTopicCreation,
}

// checkClient reports options that are not the user's to set: they differ from those of a client without any.
func checkClient(opts []kgo.Opt, check func(ok bool, format string, args ...any)) {
	if len(opts) == 0 {
		return
	}
	theirs, err := kgo.NewClient(opts...)
	check(err == nil, "options of the client: %w", err)
	if err != nil {
		return
	}
	defer theirs.Close()
	plain, err := kgo.NewClient()
	check(err == nil, "a client without options: %w", err)
	if err != nil {
		return
	}
	defer plain.Close()
	for name, option := range ownOptions {
		check(reflect.DeepEqual(theirs.OptValues(option), plain.OptValues(option)), "option kgo.%s of Config.Client: it is the app's to set; leave it out", name)
	}
}
