package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A commit is due when there is no more to read, or after CommitEvery, or when there is much to write; never right behind
// EndTxn, where the broker still writes its markers, and never without anything to commit.
func TestACommitIsDueWhenDrainedAndNeverRightBehindEndTxn(t *testing.T) {
	const every, ms = 100 * time.Millisecond, time.Millisecond
	for _, at := range []struct {
		why         string
		idle        bool
		drained     bool
		full        bool          // there are CommitBytes
		took        time.Duration // by the last commit
		ended, work time.Duration // since the last EndTxn, since the first work
		due         bool
	}{
		{why: "drained", drained: true, ended: gap, work: 0, due: true},
		{why: "the first commit", drained: true, ended: time.Hour, due: true},
		{why: "there is more to read", ended: 50 * ms, work: 50 * ms},
		{why: "there has been more to read for long", ended: every, work: every, due: true},
		{why: "much to write", full: true, ended: gap, due: true},
		{why: "drained, right behind EndTxn", drained: true, ended: gap - ms, work: gap - ms},
		{why: "much to write, right behind EndTxn", full: true, ended: gap - ms},
		{why: "work for long, right behind EndTxn", drained: true, full: true, ended: 0, work: time.Hour},
		{why: "drained, behind a slow commit", drained: true, took: 30 * ms, ended: 29 * ms, work: 29 * ms},
		{why: "drained, as long behind a slow commit as it took", drained: true, took: 30 * ms, ended: 30 * ms, work: 30 * ms, due: true},
		{why: "drained, behind a commit slower than CommitEvery", drained: true, took: time.Hour, ended: every, work: ms, due: true},
		{why: "nothing to commit", idle: true, drained: true, full: true, ended: time.Hour, work: time.Hour},
	} {
		t.Run(at.why, func(t *testing.T) {
			w := idleWorker(t)
			w.app.cfg = Config{CommitEvery: every, CommitBytes: 1 << 20}
			if at.full {
				w.app.cfg.CommitBytes = w.bytes()
			}
			if at.idle {
				clear(w.running)
			}
			now := start.Add(2 * time.Hour)
			p := pace{drained: at.drained, took: at.took, ended: now.Add(-at.ended), since: now.Add(-at.work)}
			require.Equal(t, at.due, p.due(w, now))
			if wait := p.patience(w, now); at.ended < gap && !at.idle {
				require.GreaterOrEqual(t, wait, gap-at.ended, "a poll ends before the commit is due")
			}
		})
	}
}

// The distance to EndTxn is kept by a worker that always has work: as long a time lies between each two commits.
func TestBusyCommitsKeepTheirDistance(t *testing.T) {
	w := idleWorker(t)
	w.app.cfg = Config{CommitEvery: time.Millisecond, CommitBytes: 1}
	p, commits := pace{drained: true}, []time.Duration{}
	for after := time.Duration(0); after < 50*time.Millisecond; after += 100 * time.Microsecond {
		if now := start.Add(after); p.due(w, now) {
			p.committed(now, now)
			commits = append(commits, after)
		}
	}
	require.Equal(t, 10, len(commits))
	for i, after := range commits[1:] {
		require.Equal(t, gap, after-commits[i])
	}
}
