package worker

import (
	"context"
	"sync"
	"time"
)

// wake ends a poll that waits, from another goroutine. One call ends one poll: that which waits, or the next.
type wake struct {
	mu     sync.Mutex
	cancel context.CancelFunc // of the poll that waits; nil: none does
	due    bool
}

// arm gives the context of one poll.
func (k *wake) arm(ctx context.Context, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(ctx, d)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cancel = cancel; k.due {
		k.due = false
		cancel()
	}
	return ctx
}

// disarm ends the poll, and says whether it was woken.
func (k *wake) disarm(poll context.Context) (woken bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	woken = poll.Err() == context.Canceled
	k.cancel()
	k.cancel = nil
	return woken
}

func (k *wake) up() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cancel != nil {
		k.cancel()
	} else {
		k.due = true
	}
}
