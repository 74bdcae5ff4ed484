package mutants

const (
	vectorFile = "topology/task/vector.go"
	unitsFile  = "processors/experiment/units/"

	taskPkg  = "topology/task"
	flowPkg  = "processors/experiment/flow"
	unitsPkg = "processors/experiment/units"

	// rapidly leaves out that a property makes its counterexample small and keeps it.
	rapidly = "-rapid.shrinktime=0s -rapid.nofailfile"
)

// anyLog holds stage 1 and 2 against verify, on logs by chance.
var anyLog = check{pkg: flowPkg, test: "TestAnyLogGivesWhatVerifyRecomputes", tries: 5, flags: rapidly}

// meanings are bugs of time, units and statistics.
var meanings = []mutant{
	{
		bug:    "maximum instead of minimum watermark",
		breaks: "Stage 2 waits for the slowest task of stage 1: a window closes once.",
		edits: []edit{
			{vectorFile, "int64(math.MaxInt64), int64(math.MinInt64)\n", "int64(math.MinInt64), int64(math.MinInt64)\n"},
			{vectorFile, "			least = min(least, e.time)\n", "			least = max(least, e.time)\n"},
			{vectorFile, "	case least == math.MaxInt64:\n", "	case least == math.MinInt64:\n"},
		},
		checks: []check{
			{pkg: taskPkg, test: "TestWatermarkIsTheMinimumOfThoseNotIdle"},
			{pkg: pipelinePkg, sub: "kfake", test: "TestABacklogCaughtUpByTwoWorkersGivesWhatOneWorkerGives", tries: 3},
			simulated,
		},
	},
	{
		bug:    "watermark of those that have spoken",
		breaks: "Stage 2 waits until every task of stage 1 has spoken.",
		edits: []edit{
			{vectorFile, "	case u.known == 0 || u.known < u.tasks:\n", "	case u.known == 0:\n"},
		},
		checks: []check{{pkg: taskPkg, test: "TestWatermarkWaitsForAllTasks"}},
	},
	{
		bug:    "dedup off by one",
		breaks: "An id counts once: the newest event of a unit is known, too.",
		edits: []edit{
			{unitsFile + "row.go", "	for i := range r.Kept {\n		if k := &r.Kept[i]; k.ID == id", "	for i := range len(r.Kept) - 1 {\n		if k := &r.Kept[i]; k.ID == id"},
		},
		checks: []check{anyLog},
	},
	{
		bug:    "retraction applied twice",
		breaks: "A retraction takes back what its target brought, once.",
		edits: []edit{
			{unitsFile + "retract.go", "	p.finish(-1)\n", "	p.finish(-1)\n	p.finish(-1)\n"},
		},
		checks: []check{anyLog},
	},
	{
		bug:    "first exposure by arrival",
		breaks: "The first exposure is that of the least event time, whichever came first.",
		edits: []edit{
			{unitsFile + "row.go", "		return e.First < at\n", "		return true\n"},
		},
		checks: []check{anyLog},
	},
	{
		bug:    "window closed at its end",
		breaks: "A metric's window is half open.",
		edits: []edit{
			{unitsFile + "run.go", "at-first < m.until }", "at-first <= m.until }"},
		},
		checks: []check{{pkg: unitsPkg, test: "TestS03_WindowsAreHalfOpenAndDelayed"}},
	},
	{
		bug:    "one epoch for all",
		breaks: "A unit belongs to the allocation epoch of its first exposure.",
		edits: []edit{
			{unitsFile + "run.go", "		if v.effective <= at {\n", "		if v.effective < 0 {\n"},
		},
		checks: []check{{pkg: flowPkg, test: "TestAnyHardLogGivesWhatVerifyRecomputes", tries: 5, flags: rapidly}},
	},
	{
		bug:    "the segment of the exposure that came first",
		breaks: "A unit counts in the segments of its first exposure by event time.",
		edits: []edit{
			{unitsFile + "exposure.go", "	e.Variant, e.Epoch, e.Parts = variant, x.epoch(ev.ConfigVersion, ev.Time), x.segmentsOf(ev)\n",
				"	e.Variant, e.Epoch = variant, x.epoch(ev.ConfigVersion, ev.Time)\n	if e.Parts == (segments{}) {\n		e.Parts = x.segmentsOf(ev)\n	}\n"},
		},
		checks: []check{{pkg: unitsPkg, test: "TestAnEarlierExposureMovesTheSegment"}, anyLog},
	},
	{
		bug:    "sticky exposures in the split check",
		breaks: "The split check is of units whose variant was drawn by the weights.",
		edits:  []edit{{unitsFile + "split.go", "	case \"sticky\", \"forced\"", "	case \"forced\""}},
		checks: []check{{pkg: unitsPkg, test: "TestOnlyDrawnUnitsEnterTheSplitCheck"}, anyLog},
	},
	{
		bug:    "the e-process counts forced units",
		breaks: "Exact figures of conversions are of units whose variant was drawn by the weights.",
		edits:  []edit{{unitsFile + "counts.go", "one(total != 0 && e.Drawn && m.kind == conversion)", "one(total != 0 && m.kind == conversion)"}},
		checks: []check{{pkg: flowPkg, test: "TestForcedUnitsAreNoEffect"}, {pkg: flowPkg, test: "TestALateAssignerIsNoEffect"}, anyLog},
	},
	{
		bug:    "stage 2 drops what comes late",
		breaks: "The total takes every delta, however late its panes are.",
		edits: []edit{
			{"processors/experiment/cells/process.go", "	addLive(p.total.sums, d)\n	if err", "	if p.ctx.StreamTime() < r.last {\n		addLive(p.total.sums, d)\n	}\n	if err"},
		},
		checks: []check{anyLog},
	},
}
