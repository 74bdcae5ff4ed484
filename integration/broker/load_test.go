package broker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// load produces words steadily until the returned stop is called, which waits until all of them
// are acknowledged. The producer is idempotent and does not give up, so each is in the log once.
func (s *scene) load(perSecond int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for n := 0; ctx.Err() == nil; <-ticker.C {
			for range perSecond / 100 {
				word := fmt.Sprintf("w%d", n%97)
				n++
				s.want[word]++
				s.client.Produce(context.Background(), &kgo.Record{Topic: s.app + "-words", Key: []byte(word), Value: []byte("x")}, func(_ *kgo.Record, err error) {
					if err != nil {
						failed.Store(&err)
					}
				})
			}
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		require.NoError(s.t, s.client.Flush(context.Background()))
		if err := failed.Load(); err != nil {
			require.NoError(s.t, *err, "produce the load")
		}
	})
	s.t.Cleanup(stop)
	return stop
}
