package worker

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A member that the group has replaced while it hung at the beginning of a commit, and that does not
// know it, cannot commit: its offsets are of a generation that is gone.
func TestAMemberThatWasReplacedCannotCommit(t *testing.T) {
	c, fake := newFake(t)
	var deceived, armed atomic.Bool
	fake.ControlKey(kmsg.Heartbeat.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		beat := req.(*kmsg.HeartbeatRequest)
		return beat.ResponseKind(), nil, deceived.Load() && *beat.InstanceID == "app-first-0"
	})
	hangs, goOn := make(chan struct{}), make(chan struct{})
	log, said := said()
	var first, second counted
	hooks := first.hooks()
	hooks.Step = func(_ int, at Step) error {
		if at == Flushed && armed.Swap(false) {
			close(hangs)
			<-goOn
		}
		return nil
	}
	c.startApp("app", Config{Workers: 1, Memory: true, Instance: "first", Logger: log, Hooks: hooks})
	c.words(0, 100, 13)
	c.eventually(100)
	deceived.Store(true)
	armed.Store(true)
	c.words(100, 100, 13)
	<-hangs
	_, err := kadm.NewClient(c.client).LeaveGroup(context.Background(), kadm.LeaveGroup("app").InstanceIDs("app-first-0"))
	require.NoError(t, err)
	c.startApp("app", Config{Workers: 1, Memory: true, Instance: "second", Hooks: second.hooks()})
	c.eventually(200)
	before := first.commits.Load()
	close(goOn)
	require.Eventually(t, func() bool { return said("session ended", "") || first.commits.Load() > before }, 20*time.Second, time.Millisecond)
	require.Equal(t, before, first.commits.Load(), "it has committed")
	deceived.Store(false)
	c.words(200, 100, 13)
	c.eventually(300)
}
