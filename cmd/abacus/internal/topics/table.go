// Package topics is the table of the topics that producers, consumers and operators see: how each is made, and in what
// those that are there differ from it. Topics that are internal to an app are made by its workers.
package topics

import (
	"strconv"
	"time"
)

// EventsPartitions is the number of partitions of a new events topic where nobody says otherwise.
const EventsPartitions = 8

// Topic is how one topic has to be. All of them have the broker's append time and its default replication.
type Topic struct {
	Name       string
	Partitions int32
	Cleanup    string        // compact or delete
	Retention  time.Duration // of delete; 0: not looked at
	Fixed      bool          // no other number of partitions will do
	Open       bool          // any other will do as well
}

const (
	compacted = "compact"
	deleted   = "delete"
	day       = 24 * time.Hour
)

// Table is all topics of a prefix; events is the number of partitions of the events topic, 0 the default or
// what is there.
func Table(prefix string, events int32) []Topic {
	open := events == 0
	if open {
		events = EventsPartitions
	}
	return []Topic{
		{Name: Events(prefix), Partitions: events, Cleanup: deleted, Retention: 7 * day, Open: open},
		{Name: Stats(prefix), Partitions: 4, Cleanup: compacted},
		{Name: Decisions(prefix), Partitions: 1, Cleanup: compacted, Fixed: true},
		{Name: prefix + ".late", Partitions: 1, Cleanup: deleted, Retention: 30 * day},
		{Name: prefix + ".dlq", Partitions: 1, Cleanup: deleted, Retention: 30 * day},
		{Name: prefix + ".registry.commands", Partitions: 1, Cleanup: deleted, Retention: 30 * day, Fixed: true},
		{Name: prefix + ".registry-table", Partitions: 1, Cleanup: compacted, Fixed: true},
	}
}

// Events is the topic that producers write.
func Events(prefix string) string { return prefix + ".events" }

// Stats is the topic of the results.
func Stats(prefix string) string { return prefix + ".stats" }

// Decisions is the topic of what the engine decided.
func Decisions(prefix string) string { return prefix + ".decisions" }

// The settings of a topic that the table is about.
const (
	cleanupPolicy = "cleanup.policy"
	retentionTime = "retention.ms"
	timestampType = "message.timestamp.type"
	appendTime    = "LogAppendTime"
)

// configs are the settings that a topic is made with.
func (t Topic) configs() map[string]*string {
	all := map[string]*string{cleanupPolicy: &t.Cleanup, timestampType: new(string)}
	*all[timestampType] = appendTime
	if t.Retention > 0 {
		ms := strconv.FormatInt(t.Retention.Milliseconds(), 10)
		all[retentionTime] = &ms
	}
	return all
}
