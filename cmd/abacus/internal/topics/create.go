package topics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Create makes the topics that are missing, waits until the cluster shows them, and names those it made. What is there
// stays as it is. The error joins those of all topics.
func Create(ctx context.Context, admin *kadm.Client, table []Topic) (made []string, err error) {
	there, err := admin.ListTopics(ctx, names(table)...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var faults []error
	for _, t := range table {
		if there.Has(t.Name) {
			continue
		}
		_, err := admin.CreateTopic(ctx, t.Partitions, -1, t.configs(), t.Name)
		switch {
		case errors.Is(err, kerr.TopicAlreadyExists): // another process was faster
		case err != nil:
			faults = append(faults, fmt.Errorf("create topic %s: %w", t.Name, err))
		default:
			made = append(made, t.Name)
		}
	}
	if len(faults) > 0 {
		return made, errors.Join(faults...)
	}
	return made, settle(ctx, admin, table)
}

// settle waits until the metadata shows all topics with a leader.
func settle(ctx context.Context, admin *kadm.Client, table []Topic) error {
	for {
		there, err := admin.ListTopics(ctx, names(table)...)
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		missing := ""
		for _, t := range table {
			if !ready(there[t.Name]) {
				missing = t.Name
			}
		}
		if missing == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for topic %s: %w", missing, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func ready(t kadm.TopicDetail) bool {
	for _, p := range t.Partitions {
		if p.Leader < 0 {
			return false
		}
	}
	return t.Err == nil && len(t.Partitions) > 0
}

func names(table []Topic) []string {
	all := make([]string, len(table))
	for i, t := range table {
		all[i] = t.Name
	}
	return all
}
