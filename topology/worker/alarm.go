package worker

import (
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

// alarm counts the records of the process by slices of time.
type alarm struct {
	mu     sync.Mutex
	slices [alarmSlices]alarmSlice
	raised bool
}

// alarmSlices is how many slices the time looked back on is cut into.
const alarmSlices = 60

type alarmSlice struct {
	number     int64 // of its time since the epoch
	all, aside int64
}

// alarmError ends the app at once.
type alarmError struct {
	share float64
	over  time.Duration
}

func (e *alarmError) Error() string {
	return fmt.Sprintf("%.2g %% of the records within %s were put aside: see the dead-letter topic; Policies.Alarm stops the app at that", 100*e.share, e.over)
}

// take adds the records of a commit and gives the share of those put aside; raised once it has passed the bound.
func (a *alarm) take(cfg Alarm, now time.Time, all, aside int64) (share float64, raised bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	number := now.UnixNano() / int64(cfg.Over/alarmSlices)
	s := &a.slices[number%alarmSlices]
	if s.number != number {
		*s = alarmSlice{number: number}
	}
	s.all, s.aside = s.all+all, s.aside+aside
	var sum alarmSlice
	for _, s := range a.slices {
		if s.number > number-alarmSlices {
			sum.all, sum.aside = sum.all+s.all, sum.aside+s.aside
		}
	}
	share = float64(sum.aside) / float64(max(sum.all, 1))
	before := a.raised
	a.raised = share > cfg.Share && sum.all >= cfg.Least
	return share, a.raised && !before
}

// watch tells the alarm of a commit; the error stops the app.
func (a *App) watch(now time.Time, all, aside int64) error {
	cfg := a.cfg.Policies.Alarm
	if cfg.Share == 0 {
		return nil
	}
	share, raised := a.alarm.take(cfg, now, all, aside)
	if !raised {
		return nil
	}
	a.log.Warn("many records are put aside: see the dead-letter topic", zap.Float64("share", share), zap.Float64("alarm at", cfg.Share), zap.Duration("over", cfg.Over))
	if a.cfg.Hooks.Alarmed != nil {
		a.cfg.Hooks.Alarmed(share)
	}
	if cfg.Stop {
		return &alarmError{share, cfg.Over}
	}
	return nil
}
