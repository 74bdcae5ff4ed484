package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/topology"
)

// partStatus is one partition that a group reads.
type partStatus struct {
	Topic string `json:"topic"`
	logs.Lag
	Task   string `json:"task,omitempty"`   // that reads it; of the registry none
	Member string `json:"member,omitempty"` // that has it: its instance id, else its member id
	Host   string `json:"host,omitempty"`   // of that
}

// taskOf is the id of the task that reads a partition, empty without one.
func taskOf(subs []*topology.Sub, topic string, partition int32) string {
	for _, sub := range subs {
		if slices.ContainsFunc(sub.Sources, func(s *topology.SourceNode) bool { return s.Topic == topic }) {
			return topology.TaskID{Sub: sub.ID, Partition: partition}.String()
		}
	}
	return ""
}

// assign finds the member of a group that has the partition.
func (p *partStatus) assign(group *kadm.DescribedGroup) {
	for _, m := range group.Members {
		assigned, ok := m.Assigned.AsConsumer()
		if !ok {
			continue
		}
		for _, t := range assigned.Topics {
			if t.Topic != p.Topic || !slices.Contains(t.Partitions, p.Partition) {
				continue
			}
			p.Member, p.Host = m.MemberID, strings.TrimPrefix(m.ClientHost, "/")
			if m.InstanceID != nil {
				p.Member = *m.InstanceID
			}
			return
		}
	}
}

// write is a row of the table of partitions.
func (p *partStatus) write(w io.Writer, part string) {
	processed, member := "-", "nobody"
	if p.Committed >= 0 {
		processed = fmt.Sprint(p.Committed)
	}
	if p.Member != "" {
		member = p.Member + " at " + p.Host
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%d\t%d\t%s\n", part, cmp.Or(p.Task, "-"), p.Topic, p.Partition, processed, p.End, p.Behind, member)
}
