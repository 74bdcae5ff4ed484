package worker

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// said gives a logger and says whether it was given a message, alone or with an error.
func said() (*zap.Logger, func(message, cause string) bool) {
	core, logs := observer.New(zapcore.WarnLevel)
	return zap.New(core), func(message, cause string) bool {
		for _, e := range logs.FilterMessageSnippet(message).All() {
			if text, _ := e.ContextMap()["error"].(string); cause == "" || containsText(text, cause) {
				return true
			}
		}
		return false
	}
}

// idleWorker has one running task with something in the outbox, and one that is being restored.
func idleWorker(t *testing.T) *worker {
	sub := counting(t, "app").Subs[0]
	id := topology.TaskID{Partition: 1}
	table := state.NewTable(sub.Stores[0].Name, 0, memory.New().Store("x"), 0)
	w := &worker{
		log: zap.NewNop(), outbox: &task.Outbox{}, balancer: &balancer{}, member: "m", app: &App{desk: newDesk()},
		slots: map[place]*slot{}, running: map[topology.TaskID]*running{}, opening: map[topology.TaskID]*opening{},
	}
	run, err := task.New(task.Config{Sub: sub, ID: id, Tasks: 4, Tables: []*state.Table{table}, Outbox: w.outbox, MaxAhead: math.MaxInt32})
	require.NoError(t, err)
	r := &running{task: run, sub: sub}
	w.running[id], w.slots[place{"words", 1}] = r, &slot{run: r}
	run.Add(0, []task.Record{{Offset: 7, Appended: start.UnixMilli(), Key: []byte("k"), Value: []byte("v")}})
	_, err = run.Process(1)
	require.NoError(t, err)
	require.NotZero(t, w.outbox.Bytes())
	return w
}

// What was sent before the membership was lost is sent again by whoever owns the task next.
func TestLosingMembershipDropsWhatWaits(t *testing.T) {
	w := idleWorker(t)
	ctx, cancel := context.WithCancel(context.Background())
	o := &opening{cancel: cancel, done: make(chan struct{})}
	w.opening[topology.TaskID{Partition: 2}] = o
	go func() {
		<-ctx.Done()
		close(o.done)
	}()
	_, err := w.balancer.ParseSyncAssignment(encoded("words", 1, 2))
	require.NoError(t, err)
	require.NoError(t, w.moveOne(context.Background(), move{done: make(chan struct{})}))
	require.Empty(t, w.outbox.Entries())
	require.Empty(t, w.running)
	require.Empty(t, w.slots)
	require.Empty(t, w.opening)
	require.Empty(t, w.balancer.ownership())
}

// The result of a restore that was stopped is not taken in, though the task is ours again.
func TestAStoppedRestoreIsNotTakenIn(t *testing.T) {
	w := idleWorker(t)
	id := topology.TaskID{Partition: 2}
	old, next := &opening{}, &opening{}
	w.opening[id] = next
	require.NoError(t, w.takeIn(restored{id: id, of: old}))
	require.Same(t, next, w.opening[id])
	require.Nil(t, w.running[id])
}

// A task whose restore has failed is nobody's until the next session: a standby of it may begin.
func TestAFailedRestoreLeavesTheDesk(t *testing.T) {
	w := idleWorker(t)
	w.app.topo = counting(t, "app")
	_, err := w.balancer.ParseSyncAssignment(encoded("words", 1, 2))
	require.NoError(t, err)
	id := topology.TaskID{Partition: 2}
	o := &opening{cancel: func() {}}
	w.opening[id] = o
	w.app.desk.put(id, holder{worker: w})
	require.ErrorIs(t, w.takeIn(restored{id: id, of: o, err: errCrash}), errCrash)
	w.leaveDesk()
	_, err = w.app.desk.find(id)
	require.ErrorIs(t, err, ErrNotHeld)
}

func encoded(topic string, partitions ...int32) []byte {
	a := kmsg.NewConsumerMemberAssignment()
	at := kmsg.NewConsumerMemberAssignmentTopic()
	at.Topic, at.Partitions = topic, partitions
	a.Topics = append(a.Topics, at)
	return a.AppendTo(nil)
}

// An assignment that takes something away is settled by the next join only.
func TestOwesAJoinAfterALoss(t *testing.T) {
	b := &balancer{local: none}
	for _, step := range []struct {
		assigned []int32
		owes     bool
	}{{[]int32{0, 1}, false}, {[]int32{0, 1, 2}, false}, {[]int32{0, 2}, true}, {[]int32{0, 2}, false}} {
		b.JoinGroupMetadata(nil, nil, 1)
		require.NotZero(t, b.joining())
		_, err := b.ParseSyncAssignment(encoded("words", step.assigned...))
		require.NoError(t, err)
		require.Equal(t, step.owes, b.owes())
		require.Zero(t, b.joining())
	}
}

// The group may put a member out and take it in again within one join: the client goes on as if
// nothing had been, while others may have gone on with the member's tasks.
func TestANewMemberIDEndsTheSession(t *testing.T) {
	c, fake := newFake(t)
	log, said := said()
	c.startApp("app", Config{Workers: 1, Memory: true, Instance: "first", Logger: log})
	c.words(0, 300, 13)
	c.eventually(300)
	var once atomic.Bool
	fake.ControlKey(kmsg.JoinGroup.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		join := req.(*kmsg.JoinGroupRequest)
		if join.MemberID == "" || *join.InstanceID != "app-first-0" || once.Swap(true) {
			return nil, nil, false
		}
		resp := join.ResponseKind().(*kmsg.JoinGroupResponse)
		resp.ErrorCode = kerr.UnknownMemberID.Code
		return resp, nil, true
	})
	c.startApp("app", Config{Workers: 1, Memory: true, Instance: "second"})
	for i := 300; !said("session ended", "membership"); i += 100 {
		require.Less(t, i, 20_000, "the session went on")
		c.words(i, 100, 13)
		c.eventually(int64(i + 100))
		time.Sleep(5 * time.Millisecond)
	}
}
