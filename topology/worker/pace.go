package worker

import (
	"time"

	"github.com/abacus-stream/abacus/topology"
)

// pace decides when to commit: as soon as the input is drained, at the latest after CommitEvery,
// never right after EndTxn.
type pace struct {
	drained bool
	behind  bool      // records are queued that the last turn had no time for
	ended   time.Time // of the last commit
	took    time.Duration
	since   time.Time // when the first uncommitted work was seen
}

// earliest is the first moment at which a commit may begin: a pause after EndTxn for the broker's markers, and
// as much time for work as the last commit took, or slow commits crowd out the work.
func (p *pace) earliest(every time.Duration) time.Time {
	return p.ended.Add(max(gap, min(p.took, every)))
}

// due says whether to commit now.
func (p *pace) due(w *worker, now time.Time) bool {
	if !w.dirty() {
		p.since = time.Time{}
		return false
	}
	if p.since.IsZero() {
		p.since = now
	}
	switch {
	case now.Sub(p.ended) < gap:
		return false
	case w.bytes() >= w.app.cfg.CommitBytes, now.Sub(p.since) >= w.app.cfg.CommitEvery:
		return true
	}
	return p.drained && !p.behind && !now.Before(p.earliest(w.app.cfg.CommitEvery))
}

// patience is how long a poll may wait for records: until the commit, or a timer of a task, is due.
func (p *pace) patience(w *worker, now time.Time) time.Duration {
	if p.behind {
		return time.Millisecond
	}
	wait := 50 * time.Millisecond
	if w.dirty() {
		wait = min(wait, p.earliest(w.app.cfg.CommitEvery).Sub(now))
	} else {
		for _, r := range w.running {
			if due := r.task.NextWall(); due != topology.Never {
				wait = min(wait, time.UnixMilli(due).Sub(now))
			}
		}
	}
	return max(wait, time.Millisecond)
}

func (p *pace) committed(began, now time.Time) {
	p.ended, p.took, p.since = now, now.Sub(began), time.Time{}
}

// bytes is what waits for the commit: outputs and dirty rows.
func (w *worker) bytes() int64 {
	n := w.outbox.Bytes()
	for _, r := range w.running {
		n += r.task.DirtyBytes()
	}
	return n
}
