package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// open makes the client of a session: group consumer and transactional producer in one. Taking the
// producer id first ends a transaction that an earlier session or process of this id left open.
// Ctx ends with the app, session with the client.
func (w *worker) open(ctx, session context.Context) (err error) {
	w.outbox = &task.Outbox{}
	w.slots, w.running = map[place]*slot{}, map[topology.TaskID]*running{}
	w.opening, w.opened = map[topology.TaskID]*opening{}, make(chan restored, 1024)
	w.moves, w.member = make(chan move, 16), ""
	w.balancer = &balancer{topo: w.app.topo, process: w.app.engine.instance, address: w.app.cfg.Advertise, rack: w.app.cfg.Rack, local: w.app.local,
		stand: func(copies standing) { w.app.copies.assign(w.n, copies) }, copies: w.app.cfg.Standbys, near: w.app.cfg.AcceptableLag}
	w.pace, w.quiet, w.txn = pace{}, newQuiet(), &transaction{w: w} // a late callback keeps the old one
	opts := append(w.app.cfg.base(w.id), w.options(session)...)
	if w.client, err = kgo.NewClient(append(opts, kgo.WithContext(session))...); err != nil {
		return fmt.Errorf("client: %w", err)
	}
	w.app.sources.join(w.client)
	if err := w.identify(ctx); err != nil {
		return err
	}
	client, b := w.client, w.balancer
	w.watch.Go(func() { w.app.adopt(session, client, b) })
	w.watch.Go(func() { w.app.copies.promote(session, w.n, client) })
	return nil
}

// identify takes the producer id, when it is known what became of the last transaction under it.
func (w *worker) identify(ctx context.Context) error {
	if w.app.cfg.Guarantee == AtLeastOnce {
		return nil
	}
	last, err := w.lastEnding(ctx)
	if err != nil {
		return err
	}
	w.last = last // once the id is taken, the coordinator knows no more
	if _, _, err := w.client.ProducerID(ctx); err != nil {
		return fmt.Errorf("producer id of %s: %w", w.id, err)
	}
	return w.mend(ctx, w.last)
}

func (w *worker) options(session context.Context) []kgo.Opt {
	cfg := &w.app.cfg
	var sources []string
	for _, sub := range w.app.topo.Subs {
		for _, src := range sub.Sources {
			sources = append(sources, src.Topic)
		}
	}
	door := &door{w.moves, &w.wake, session}
	return append(w.producing(), []kgo.Opt{
		kgo.ConsumerGroup(w.app.topo.App), kgo.ConsumeTopics(sources...), kgo.InstanceID(w.id),
		kgo.Balancers(w.balancer), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(cfg.Session), kgo.HeartbeatInterval(500 * time.Millisecond), kgo.RebalanceTimeout(30 * time.Second),
		kgo.OnPartitionsAssigned(func(_ context.Context, cl *kgo.Client, added map[string][]int32) {
			w.rebalances.Add(1)
			door.assigned(cl, added)
		}),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { door.revoked(gone, true) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { door.revoked(gone, false) }),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		// A partition that is resumed waits for the fetch in flight; so that wait is short.
		kgo.FetchMaxWait(250 * time.Millisecond), kgo.FetchMaxBytes(50 << 20), kgo.FetchMaxPartitionBytes(4 << 20),
		kgo.RetryTimeoutFn(retryFor(cfg.Session)),
		// Each produce ends by a flush, which waits for no linger. So a commit goes out as one request for each broker, not
		// as what there happens to be when the client is ready for the next.
		kgo.ProducerLinger(commitLimit),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(1 << 20),
		kgo.ProducerBatchMaxBytesFn(w.app.topics.limit), kgo.ProducerBatchCompression(kgo.SnappyCompression(), kgo.NoCompression()),
	}...)
}

// producing are the options of a producer of transactions, none where there are none.
func (w *worker) producing() []kgo.Opt {
	if w.app.cfg.Guarantee == AtLeastOnce {
		return nil
	}
	return []kgo.Opt{kgo.TransactionalID(w.id), kgo.TransactionTimeout(transactionTimeout)}
}

// retryFor bounds the client's own retries: an EndTxn that stays unanswered is settled by a new
// session; a member that cannot reach its coordinator is out after the session timeout anyway.
func retryFor(session time.Duration) func(key int16) time.Duration {
	return func(key int16) time.Duration {
		switch key {
		case kmsg.EndTxn.Int16():
			return 2 * time.Second
		case kmsg.JoinGroup.Int16(), kmsg.SyncGroup.Int16(), kmsg.Heartbeat.Int16():
			return session
		}
		return 30 * time.Second
	}
}

// close ends a session. A worker that stops for good leaves the group, so that others take over at
// once; one that opens another session stays a member, unless it owes the group a join. The context
// of the client is cancelled before it is closed: closing would wait for a join or a callback.
func (w *worker) close(cancel context.CancelFunc, leave bool) {
	w.leaveDesk()
	for _, o := range w.opening {
		o.stop()
	}
	if w.client != nil && (leave || w.balancer.owes()) {
		w.leave()
	}
	cancel()
	if w.client != nil {
		w.app.sources.leave(w.client)
		w.client.Close()
	}
	w.watch.Wait()
	for _, r := range w.running {
		r.task.Abort()
	}
}

// leave tells the coordinator that the static member is gone; closing alone would not.
func (w *worker) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group = w.app.topo.App
	m := kmsg.NewLeaveGroupRequestMember()
	m.InstanceID = &w.id
	m.MemberID, _ = w.client.GroupMetadata()
	req.Members = append(req.Members, m)
	if _, err := req.RequestWith(ctx, w.app.client); err != nil && !errors.Is(err, context.Canceled) {
		w.log.Sugar().Warnw("leaving the group failed; others wait for the session timeout", "error", err)
	}
}
