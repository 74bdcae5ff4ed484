package engine

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
)

// identity is by what Redis knows an installation.
type identity struct {
	stats string // the id of the stats topic, its name where the broker gives none: one made anew has another
	owner string // see Owner
}

func identify(ctx context.Context, admin *kadm.Client, prefix string) (identity, error) {
	topic := topics.Stats(prefix)
	meta, err := admin.Metadata(ctx, topic)
	if err != nil {
		return identity{}, fmt.Errorf("identity of %s: %w", topic, err)
	}
	to := identity{topic, ownerIn(meta, prefix)}
	if id := meta.Topics[topic].ID; id != (kadm.TopicID{}) {
		to.stats = id.String()
	}
	return to, nil
}

// Owner is the installation with a prefix, as the mirror names it in Redis: the prefix, and the id of the Kafka cluster.
func Owner(ctx context.Context, admin *kadm.Client, prefix string) (string, error) {
	meta, err := admin.BrokerMetadata(ctx)
	if err != nil {
		return "", fmt.Errorf("identity of the Kafka cluster: %w", err)
	}
	return ownerIn(meta, prefix), nil
}

func ownerIn(meta kadm.Metadata, prefix string) string { return prefix + "@" + meta.Cluster }
