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

// clockSet is by how many ms somebody has set the wall clock, when it has gone on by wall ms in steady ms; what is
// less is corrected by the way.
func clockSet(wall, steady int64) int64 {
	const least = 100
	if by := wall - steady; by <= -least || by >= least {
		return by
	}
	return 0
}

// seldom lets through, once in a while, what there is to say again and again.
type seldom struct{ said time.Time }

const saidEvery = time.Minute

func (s *seldom) due(now time.Time) bool {
	if !s.said.IsZero() && now.Sub(s.said) < saidEvery {
		return false
	}
	s.said = now
	return true
}

var started = time.Now()

// nanoseconds is a clock for the time that nodes take.
func nanoseconds() int64 { return int64(time.Since(started)) }
