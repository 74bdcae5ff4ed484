package operation

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
)

// trouble is what happens to Redis until it is over; meanwhile waits until the stats topic has gone on.
type trouble struct {
	name string
	do   func(t *testing.T, server *services.RedisServer, client *redis.Client, meanwhile func())
}

var troubles = []trouble{
	{"stall of five seconds", func(t *testing.T, server *services.RedisServer, _ *redis.Client, meanwhile func()) {
		resume := server.Halt(t)
		defer resume()
		for began := time.Now(); time.Since(began) < 5*time.Second; {
			meanwhile()
		}
	}},
	{"restart, empty", func(t *testing.T, server *services.RedisServer, _ *redis.Client, meanwhile func()) {
		back := server.Away(t)
		defer back()
		meanwhile()
	}},
	{"FLUSHALL", func(t *testing.T, _ *services.RedisServer, client *redis.Client, meanwhile func()) {
		require.NoError(t, client.FlushAll(t.Context()).Err())
		meanwhile()
	}},
}

// Redis is a mirror: whatever happens to it, the stats topic goes on, and in the end it holds what
// the log says.
func TestStatsGoOnWhateverHappensToRedis(t *testing.T) {
	server := services.OwnRedis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close()
	i := install(t)
	i.redis = "redis://" + server.Addr
	watch, run := i.watch(), i.run("--mirror")
	run.says("task runs")
	load := i.load(dirty...)
	watch.goesOn(loaded...)
	there := func() bool {
		var keys []string
		for _, name := range loaded {
			keys = append(keys, "ab:stats:{"+name+"}")
		}
		n, err := client.Exists(t.Context(), keys...).Result()
		return err == nil && n == int64(len(keys))
	}
	for _, trouble := range troubles {
		eventually(t, time.Minute, "a hash of each experiment before: "+trouble.name, there)
		trouble.do(t, server, client, func() { watch.goesOn(loaded...) })
	}
	eventually(t, time.Minute, "a hash of each experiment after all", there)
	made := load.end()
	i.verified()
	i.counted(made)
	run.lives()
	run.stop()
	i.whole()
}
