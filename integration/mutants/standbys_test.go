package mutants

const (
	standbysFile = "topology/worker/standbys.go"
	dealFile     = "topology/worker/deal.go"
	placingFile  = "topology/worker/placing.go"
	deskFile     = "topology/worker/desk.go"
)

// standbys are bugs in the copies of tasks and in where tasks go for them.
var standbys = []mutant{
	{
		bug:    "standby reads uncommitted",
		breaks: "A standby has nothing that the log has not committed.",
		edits:  []edit{{standbysFile, "kgo.FetchIsolationLevel(kgo.ReadCommitted())", "kgo.FetchIsolationLevel(kgo.ReadUncommitted())"}},
		checks: []check{{pkg: workerPkg, test: "TestAStandbyIsNeverAheadAndEndsEqual"}},
	},
	{
		bug:    "standby of a source topic without limit",
		breaks: "A standby has nothing that the group has not processed.",
		edits:  []edit{{standbysFile, "r.limit = 0 //", "r.limit = unlimited //"}},
		checks: []check{{pkg: workerPkg, test: "TestAStandbyOfASourceTopicIsNotAheadOfTheGroup"}},
	},
	{
		bug:    "all state is near",
		breaks: "A task moves only to where its state is near.",
		edits:  []edit{{dealFile, "!d.members[at].stands || farthest-reach[at] <= lag", "lag >= 0"}},
		checks: []check{{pkg: workerPkg, test: "TestATaskMovesOnceItsCopyIsNear"}, {pkg: workerPkg, test: "TestTasksMoveToWhereTheirCopiesAreNear", flags: rapidly}},
	},
	{
		bug:    "standby beside its task",
		breaks: "What ends a task does not end its standby.",
		edits:  []edit{{placingFile, "process != d.process[t.to] &&", "true &&"}},
		checks: []check{{pkg: workerPkg, test: "TestTasksMoveToWhereTheirCopiesAreNear", flags: rapidly}, {pkg: workerPkg, test: "TestStandbysTakeOver"}},
	},
	{
		bug:    "standby takes the stores from a worker",
		breaks: "A standby never ends a worker's lease of a store.",
		edits:  []edit{{deskFile, "	if _, held := d.mu.holders[id]; held {\n", "	if _, held := d.mu.holders[id]; held && d.mu.partitions == nil {\n"}},
		checks: []check{{pkg: workerPkg, test: "TestAStandbyTakesOver"}},
	},
	{
		bug:    "read a standby however late it is",
		breaks: "A read of a standby has all that was committed as long ago as its bound.",
		edits:  []edit{{"topology/worker/stale.go", "	case age > most:\n", "	case age < 0:\n"}},
		checks: []check{{pkg: workerPkg, test: "TestAStandbyThatLagsDoesNotAnswer"}},
	},
}
