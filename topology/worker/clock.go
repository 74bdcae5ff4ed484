package worker

import (
	"context"
	"time"
)

// pause waits, or ends early with the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

var started = time.Now()

// nanoseconds is a clock for the time that nodes take.
func nanoseconds() int64 { return int64(time.Since(started)) }
