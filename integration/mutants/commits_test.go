package mutants

const (
	commitFile    = "topology/worker/commit.go"
	outgoingFile  = "topology/worker/outgoing.go"
	clientFile    = "topology/worker/client.go"
	restoreFile   = "topology/worker/restore.go"
	trustFile     = "topology/worker/trust.go"
	positionsFile = "topology/worker/positions.go"
	committedFile = "topology/worker/committed.go"
	balancerFile  = "topology/worker/balancer.go"
	assignFile    = "topology/worker/assign.go"

	workerPkg   = "topology/worker"
	pipelinePkg = "integration/pipeline"

	eachStep = "TestCrashAtEachStepOfACommitCountsOnce"
)

// simulated is a quarter of a virtual hour under random faults.
var simulated = check{pkg: "topology/sim", test: "TestCounting", tries: 3}

// commits are bugs of commits, transactions and restores.
var commits = []mutant{
	{
		bug:    "commit before flush",
		breaks: "Offsets and state are committed, and the outputs after them: a crash between loses these.",
		edits: []edit{
			{commitFile, "	w       *worker\n	records []kgo.Record\n", "	w       *worker\n	late    bool\n	records []kgo.Record\n"},
			{outgoingFile, "		e := &entries[i]\n", "		e := &entries[i]\n		if (e.Kind == task.ToChangelog) == t.late {\n			continue\n		}\n"},
			{commitFile, "	t.acks.begin()\n", "	if !t.late {\n		t.acks.begin()\n	}\n"},
			{commitFile, "	if err := w.done(Produced, t.produce(ctx, touched)); err != nil {\n", "	t.late = false\n	if err := w.done(Produced, t.produce(ctx, touched)); err != nil {\n"},
			{commitFile, "	if err := w.done(Offered, t.offer(ctx, touched)); err != nil {\n		return err\n	}\n	if err := w.done(Ended, t.end(ctx)); err != nil {\n", `	err = t.offer(ctx, touched)
	if err == nil {
		err = t.end(ctx)
	}
	if err := w.done(Offered, err); err != nil {
		return err
	}
	t.late = true
	if err = t.produce(ctx, touched); err == nil {
		err = t.end(ctx)
	}
	if err := w.done(Ended, err); err != nil {
`},
		},
		checks: []check{{pkg: workerPkg, test: eachStep}, simulated},
	},
	{
		bug:    "offsets beside the transaction",
		breaks: "Offsets are committed with the outputs or not at all.",
		edits: []edit{
			{commitFile, "	resp, err := req.RequestWith(ctx, t.w.client)\n", `	plain := kmsg.NewPtrOffsetCommitRequest()
	plain.Group, plain.MemberID, plain.Generation, plain.InstanceID = req.Group, req.MemberID, req.Generation, req.InstanceID
	for _, from := range req.Topics {
		topic := kmsg.NewOffsetCommitRequestTopic()
		topic.Topic, topic.TopicID = from.Topic, from.TopicID
		for _, p := range from.Partitions {
			at := kmsg.NewOffsetCommitRequestTopicPartition()
			at.Partition, at.Offset, at.Metadata = p.Partition, p.Offset, p.Metadata
			topic.Partitions = append(topic.Partitions, at)
		}
		plain.Topics = append(plain.Topics, topic)
	}
	resp, err := plain.RequestWith(ctx, t.w.client)
`},
		},
		checks: []check{{pkg: workerPkg, test: eachStep}, simulated},
	},
	{
		bug:    "engine batch before EndTxn",
		breaks: "Local state is never ahead of the log.",
		edits: []edit{
			{commitFile, "	if err := w.done(Ended, t.end(ctx)); err != nil {\n", "	t.apply(touched)\n	if err := w.done(Ended, w.checkpointAll()); err != nil {\n"},
			{commitFile, "	t.apply(touched)\n	if err := w.done(Applied, nil); err != nil {\n", "	if err := w.done(Applied, t.end(ctx)); err != nil {\n"},
		},
		checks: []check{{pkg: workerPkg, test: eachStep}, simulated},
	},
	{
		bug:    "keep aborted rows in the cache",
		breaks: "Dirty rows leave the cache when their transaction is given up.",
		edits: []edit{
			{"state/table.go", "	t.cache.DropAhead()\n", "	t.cache.Clean()\n"},
		},
		checks: []check{{pkg: "topology/task", test: "TestAbortLeavesTheStateBefore"}},
	},
	{
		bug:    "keep aborted rows in the engine",
		breaks: "What a session has not committed is gone with it.",
		edits: []edit{
			{clientFile, "		r.task.Abort()\n", `		func() {
			defer func() { _ = recover() }() // a task that has flushed nothing
			w.txn.apply([]*running{r})
			_ = w.checkpoint(r)
		}()
`},
		},
		checks: []check{{pkg: workerPkg, test: eachStep}, simulated},
	},
	{
		bug:    "offsets polled instead of processed",
		breaks: "A record that was polled and not processed is the next session's.",
		edits: []edit{
			{positionsFile, "r.task.Task().Partition}, id, next, metadata(r, id)", "r.task.Task().Partition}, id, next + int64(r.task.Queued(i)), metadata(r, id)"},
		},
		checks: []check{{pkg: workerPkg, test: "TestPolledButUnprocessedRecordsAreNotCommitted"}},
	},
	{
		bug:    "client-memory rewind",
		breaks: "After a commit of unknown outcome the broker says where to go on, not the client's memory.",
		edits: []edit{
			{commitFile, "	clear(w.txn.records)\n", `	clear(w.txn.records)
	for _, r := range touched {
		for i, src := range r.sub.Sources {
			remembered.Store(fmt.Sprint(w.id, src.Topic, r.task.Task().Partition), r.task.Next(i))
		}
	}
`},
			{clientFile, "	\"fmt\"\n", "	\"fmt\"\n	\"sync\"\n"},
			{clientFile, "func (w *worker) options(", "var remembered sync.Map\n\nfunc (w *worker) options("},
			{clientFile, "	return append(w.producing(), []kgo.Opt{\n", `	return append(w.producing(), []kgo.Opt{
		kgo.AdjustFetchOffsetsFn(func(_ context.Context, at map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
			for topic, partitions := range at {
				for p := range partitions {
					if next, ok := remembered.Load(fmt.Sprint(w.id, topic, p)); ok {
						partitions[p] = kgo.NewOffset().At(next.(int64))
					}
				}
			}
			return at, nil
		}),
`},
			{committedFile, "		if r.begin[i] = r.committed[i]; r.begin[i] < 0 {\n", `		if next, ok := remembered.Load(fmt.Sprint(w.id, src.Topic, r.id.Partition)); ok {
			r.committed[i] = next.(int64)
		}
		if r.begin[i] = r.committed[i]; r.begin[i] < 0 {
`},
			{restoreFile, "	end, err := w.changelogEnd(ctx, r, at, def.SourceTopic != \"\")\n", `	end, err := w.changelogEnd(ctx, r, at, def.SourceTopic != "")
	if _, ok := remembered.Load(fmt.Sprint(w.id, r.sub.Sources[0].Topic, r.id.Partition)); ok {
		checkpoint, _, err := table.Store().Checkpoint()
		if err != nil {
			return err
		}
		end = checkpoint.ChangelogOffset
	}
`},
		},
		checks: []check{{pkg: workerPkg, test: "TestLostEndTxnResponseCountsOnce", tries: 3}, simulated},
	},
	{
		bug:    "mirror before commit",
		breaks: "Redis shows nothing of a transaction that is open or aborted.",
		edits: []edit{
			{clientFile, "kgo.FetchIsolationLevel(kgo.ReadCommitted())", "kgo.FetchIsolationLevel(kgo.ReadUncommitted())"},
		},
		checks: []check{{pkg: pipelinePkg, sub: "kfake", test: "TestTheMirrorShowsNothingBeforeTheCommit"}, {pkg: workerPkg, test: "TestRecordsOfAnAbortedTransactionAreNotCounted"}, simulated},
	},
	{
		bug:    "callback-sum ownership",
		breaks: "A member owns what the last assignment says, whichever callbacks came.",
		edits: []edit{
			{balancerFile, "		b.mu.owned, b.mu.joining = owned, time.Time{}\n", `		sum := map[string][]int32{}
		for _, assigned := range []map[string][]int32{b.mu.owned, owned} {
			for topic, partitions := range assigned {
				for _, p := range partitions {
					if !slices.Contains(sum[topic], p) {
						sum[topic] = append(sum[topic], p)
					}
				}
			}
		}
		b.mu.owned, b.mu.joining = sum, time.Time{}
`},
			{assignFile, "func (w *worker) letGo(gone map[string][]int32) error {\n", `func (w *worker) letGo(gone map[string][]int32) error {
	w.balancer.mu.Lock()
	for topic, partitions := range gone {
		w.balancer.mu.owned[topic] = slices.DeleteFunc(w.balancer.mu.owned[topic], func(p int32) bool { return slices.Contains(partitions, p) })
	}
	w.balancer.mu.Unlock()
`},
		},
		checks: []check{{pkg: workerPkg, test: "TestOwnershipIsTheWholeLastAssignment"}, {pkg: workerPkg, test: "TestATaskTakenAwayWhileItIsRestoredIsNotTakenIn"}},
	},
	{
		bug:    "commit without the generation",
		breaks: "A member that the group has replaced cannot commit.",
		edits: []edit{
			{commitFile, "	req.MemberID, req.Generation = w.client.GroupMetadata()\n", "	req.MemberID, req.Generation, req.InstanceID = \"\", -1, nil\n"},
		},
		checks: []check{{pkg: workerPkg, test: "TestAMemberThatWasReplacedCannotCommit"}},
	},
	{
		bug:    "restore to the last stable offset",
		breaks: "A transaction whose offsets are committed and whose marker is not written yet is restored.",
		edits: []edit{
			{"topology/worker/offsets.go", "	req.IsolationLevel = 0 // uncommitted\n", "	req.IsolationLevel = 1 // committed\n"},
		},
		checks: []check{{pkg: workerPkg, test: "TestRestoreWaitsForATransactionThatIsOpen"}},
	},
	{
		bug:    "restore reads uncommitted",
		breaks: "A restore leaves out what aborted transactions wrote.",
		edits: []edit{
			{"topology/worker/fetch.go", "Offset: r.next, IsolationLevel: kgo.ReadCommitted(),", "Offset: r.next, IsolationLevel: kgo.ReadUncommitted(),"},
			{"topology/worker/fetch.go", "req.MaxBytes, req.IsolationLevel = 1, 50<<20, 1\n", "req.MaxBytes, req.IsolationLevel = 1, 50<<20, 0\n"},
		},
		checks: []check{{pkg: workerPkg, test: eachStep}, simulated},
	},
	{
		bug:    "a member that stops does not leave",
		breaks: "The tasks of a process that stops go to others at once, not after its session.",
		edits: []edit{
			{clientFile, "	if w.client != nil && (leave || w.balancer.owes()) {\n", "	if w.client != nil && leave && w.balancer.owes() {\n"},
		},
		checks: []check{{pkg: workerPkg, test: "TestTwoProcessesShareAndTakeOver"}},
	},
	{
		bug:    "restore on the loop",
		breaks: "A task that is restored holds up no other.",
		edits:  []edit{{assignFile, "	go func() {\n		r := w.restore(", "	func() {\n		r := w.restore("}},
		checks: []check{{pkg: workerPkg, test: "TestOtherTasksCommitWhileOneIsRestored"}},
	},
}
