package mirror

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

const second = 1000 // ms

// health is what all tasks of the app know of Redis. Tasks of several workers share it.
type health struct {
	log   *zap.Logger
	until atomic.Int64 // wall time at which it is tried again
	said  atomic.Int32 // which of the states was logged
}

// What is logged of Redis.
const (
	here int32 = iota
	away
	foreign
)

// away says whether Redis is left alone at a wall time. A clock that has gone back does not wait for its old time.
func (h *health) away(wall int64) bool {
	until := h.until.Load()
	return wall < until && wall >= until-second
}

// failed has Redis left alone for a second and gives the end of it.
func (h *health) failed(wall int64, err error) int64 {
	state, text := away, "redis is away; the stream goes on, what has changed is written when it is back"
	if another := (*ForeignError)(nil); errors.As(err, &another) {
		state, text = foreign, "redis is another's; the stream goes on, nothing is written to redis"
	}
	if h.said.Swap(state) != state {
		h.log.Warn(text, zap.Error(err))
	}
	h.until.Store(wall + second)
	return wall + second
}

func (h *health) succeeded() {
	if h.said.Swap(here) != here {
		h.until.Store(0)
		h.log.Info("redis is back")
	}
}

// bound makes a client wait no longer than its calls say, and try once: the backlog tries again.
func bound(client redis.UniversalClient, timeout time.Duration) (redis.UniversalClient, error) {
	switch c := client.(type) {
	case nil:
		return nil, errors.New("redis: the configuration has no client")
	case *redis.Client:
		own := c.WithTimeout(timeout) // shares the connections, not the options
		own.Options().ContextTimeoutEnabled, own.Options().MaxRetries = true, 0
		return own, nil
	case *redis.ClusterClient:
		if !c.Options().ContextTimeoutEnabled {
			return nil, errors.New("redis: the cluster client has no ContextTimeoutEnabled: a Redis that stalls would stall the stream")
		}
	case *redis.Ring:
		return nil, errors.New("redis: a ring of servers keeps no set of experiments: use a server or a cluster")
	}
	return client, nil
}

// refused tells an answer of Redis that is an error from having no answer.
func refused(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}
