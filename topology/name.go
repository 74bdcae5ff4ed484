package topology

import (
	"fmt"
	"hash/fnv"
	"regexp"
)

var (
	nameRule  = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,120}$`)
	topicRule = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)
)

// longestTopic is the most that Kafka takes as the name of a topic.
const longestTopic = 249

// goodName says that an app, node or store may have the name: topics and directories are made of it.
func goodName(name string) bool { return nameRule.MatchString(name) && name != "." && name != ".." }

// goodTopic says that Kafka takes the name for a topic.
func goodTopic(name string) bool { return topicRule.MatchString(name) && name != "." && name != ".." }

// ofTopic is a name for what belongs to a topic: its own, or of a long one its beginning and a hash of it.
func ofTopic(topic string) string {
	const longest, kept = 100, 80
	if len(topic) <= longest {
		return topic
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(topic))
	return fmt.Sprintf("%s-%016x", topic[:kept], h.Sum64())
}
