package mutants

const (
	statePkg    = "state"
	operatorPkg = "processors"
)

// tables are bugs of versioned and expiring tables, of trimmed windows and of punctuators.
var tables = []mutant{
	{
		bug:    "a deletion with nothing before it is not remembered",
		breaks: "A deletion holds against an older version that comes after it, and goes with the retention.",
		edits:  []edit{{"state/versions.go", "	case value == nil:\n", "	case value == nil && found:\n"}},
		checks: []check{{pkg: statePkg, test: "TestVersionsFollowAModel"}},
	},
	{
		bug:    "a version out of order is the newest",
		breaks: "An update with an older time changes what was, not what is.",
		edits:  []edit{{"state/versions.go", "	case found && at < newest.since:\n", "	case found && at < newest.since-5:\n"}},
		checks: []check{{pkg: statePkg, test: "TestVersionsFollowAModel"}},
	},
	{
		bug:    "a join does not wait out its grace",
		breaks: "Records are joined when no update within the grace is still to come.",
		edits:  []edit{{"processors/jointableasof.go", "return at + p.grace + 1 }", "return at + p.grace/2 }"}},
		checks: []check{{pkg: operatorPkg, test: "TestJoinTableAsOfIsTheJoinOfTheSets"}},
	},
	{
		bug:    "a join as of now",
		breaks: "A record is joined with the row of its own time.",
		edits:  []edit{{"processors/jointable.go", "GetAsOf(p.encoded, at, now)", "GetAsOf(p.encoded, max(at, now), now)"}},
		checks: []check{
			{pkg: operatorPkg, test: "TestJoinTableAsOfIsTheJoinOfTheSets"},
			{pkg: operatorPkg, test: "TestJoinTableWithVersionsAgainstAModel"},
		},
	},
	{
		bug:    "a restore does not trim",
		breaks: "Rows of closed windows, of which the changelog has no tombstones, stay away.",
		edits:  []edit{{"state/trim.go", "		b.DeleteRange(nil, below)\n		b.Put(trimKey, below)\n", "		b.Put([]byte(\"trim\"), below)\n"}},
		checks: []check{{pkg: statePkg, test: "TestTableFollowsAModel"}, {pkg: workerPkg, test: "TestTrimmedRowsStayAwayOverRestarts"}},
	},
	{
		bug:    "the timer of a row that was there before",
		breaks: "A row lives its time from its last update on.",
		edits: []edit{
			{"processors/toexpiringtable.go", "	if err != nil || !l.found || l.check != due {\n", "	if err != nil || !l.found {\n"},
			{"processors/toexpiringtable.go", "l.check > due {\n", "l.check > due+3000 {\n"},
		},
		checks: []check{{pkg: operatorPkg, test: "TestExpiringTableAgainstAModel"}},
	},
	{
		bug:    "a schedule that begins anew",
		breaks: "A punctuator of the wall clock fires as if its task had run all the time.",
		edits:  []edit{{"topology/task/punctuate.go", "	if known {\n", "	if known && len(row) == 0 {\n"}},
		checks: []check{{pkg: taskPkg, test: "TestPunctuatorsSurviveRestarts"}},
	},
	{
		bug:    "rows of another layout are read",
		breaks: "A store is never read as what it is not.",
		edits:  []edit{{"topology/layout.go", "return l.Rows == kept.Rows && ", "return l.Rows != kept.Rows || "}},
		checks: []check{{pkg: operatorPkg, test: "TestAStoreIsNeverReadAsWhatItIsNot"}, {pkg: workerPkg, test: "TestAStoreOfAnotherLayoutIsRefused"}},
	},
	{
		bug:    "what a source topic has refused is restored",
		breaks: "A table read from its topic is restored as it was processed.",
		edits:  []edit{{"topology/worker/admission.go", "	return err == nil, nil\n", "	return true, nil\n"}},
		checks: []check{{pkg: workerPkg, test: "TestCopiesOfASourceTopicLackWhatItsCodecsRefuse"}},
	},
	{
		bug:    "more grace opens closed windows",
		breaks: "A window that was closed stays closed.",
		edits:  []edit{{"processors/pane.go", "	if start < p.whole {\n", "	if start < p.whole-1<<40 {\n"}},
		checks: []check{{pkg: operatorPkg, test: "TestAGraceThatGrowsLeavesClosedWindowsClosed"}},
	},
	{
		bug:    "more grace opens closed sliding windows",
		breaks: "A window that was closed stays closed.",
		edits:  []edit{{"processors/sliding.go", "	if end <= p.shut {\n", "	if end <= p.shut-1<<40 {\n"}},
		checks: []check{{pkg: operatorPkg, test: "TestAGraceThatGrowsLeavesClosedWindowsClosed"}},
	},
	{
		bug:    "versions of a longer stretch are forgotten",
		breaks: "What the retention has passed is gone, whatever it was before.",
		edits:  []edit{{"state/versions.go", "	} else if left {\n", "	} else if left && until < 0 {\n"}},
		checks: []check{{pkg: statePkg, test: "TestVersionsGoUnderAnyRetention"}},
	},
}
