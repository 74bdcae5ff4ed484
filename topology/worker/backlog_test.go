package worker

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
)

// A session that ends behind a commit with records polled and not processed yet: they are of the
// next session, which must find the offsets of what was processed.
func TestPolledButUnprocessedRecordsAreNotCommitted(t *testing.T) {
	const backlog = 12_000
	c := newCluster(t)
	c.words(0, backlog, 37)
	admin := kadm.NewClient(c.client)
	var crashes atomic.Int32
	c.startApp("app", Config{Workers: 1, Memory: true, CommitBytes: 1, Hooks: Hooks{Step: func(_ int, at Step) error {
		if at != Applied || crashes.Load() >= 3 {
			return nil
		}
		offsets, err := admin.FetchOffsets(kadm.RequireStable(context.Background()), "app")
		if err != nil {
			return err
		}
		next := int64(0)
		offsets.Each(func(o kadm.OffsetResponse) {
			if o.Topic == "words" {
				next += max(o.At, 0)
			}
		})
		if next == 0 || next >= backlog {
			return nil
		}
		return fmt.Errorf("%w %d", errCrash, crashes.Add(1))
	}}})
	c.eventually(backlog)
	require.NotZero(t, crashes.Load(), "no commit lay in the midst of the backlog: the test shows nothing")
	c.words(backlog, 100, 37)
	c.eventually(backlog + 100)
}
