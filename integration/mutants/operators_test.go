package mutants

const processorsPkg = "processors"

// model is the check of an operator against a model of it, on records and mishaps by chance.
func model(test string) []check {
	return []check{{pkg: processorsPkg, test: test, tries: 5, flags: rapidly}}
}

// operators are bugs of stores, restores, windows, sessions, suppress, dedup and joins.
var operators = []mutant{
	{
		bug:    "rows of stores whose names begin alike",
		breaks: "A store holds its own rows only.",
		edits: []edit{
			{"state/pebble/store.go", "	p := append([]byte{storesKey}, binary.AppendUvarint(nil, uint64(len(prefix)))...)\n", "	_ = binary.AppendUvarint\n	p := []byte{storesKey}\n"},
		},
		checks: []check{{pkg: "state/pebble", test: "TestNoPrefixReachesAnother"}},
	},
	{
		bug:    "a scan that sees later writes",
		breaks: "A scan shows the rows of its beginning, so that what visits them may write.",
		edits:  []edit{{"state/memory/store.go", "	return s.rows.tree.Clone(), nil\n", "	return s.rows.tree, nil\n"}},
		checks: []check{{pkg: "state/memory", test: "TestScanShowsTheRowsOfItsBeginning"}},
	},
	{
		bug:    "rows deleted, and their checkpoint kept",
		breaks: "A store that is cleared is replayed whole.",
		edits: []edit{
			{"state/pebble/store.go", "batch.DeleteRange(s.checkpointKey(), s.kind(nil, afterRows), nil)", "batch.DeleteRange(s.appendRow(nil, nil), s.kind(nil, afterRows), nil)"},
		},
		checks: []check{{pkg: "state/pebble", test: "TestSuite"}},
	},
	{
		bug:    "a store behind old deletions is trusted",
		breaks: "A store is not caught up from a log that may have lost deletions.",
		edits:  []edit{{trustFile, "	if err == nil && from.ChangelogOffset < min(young, end) {\n", "	if err == nil && from.ChangelogOffset < min(young, end) && end < 0 {\n"}},
		checks: []check{{pkg: workerPkg, test: "TestAStoreBehindOldDeletionsIsStale"}, {pkg: workerPkg, test: "TestAllStaleStoresOfATaskAreRebuiltAtOnce"}},
	},
	{
		bug:    "windows cleared for the age of their changelog",
		breaks: "What a changelog deletes by age, the store alone knows.",
		edits:  []edit{{trustFile, "	case def.Retention > 0:\n", "	case def.Retention > 0 && end < 0:\n"}},
		checks: []check{{pkg: workerPkg, test: "TestWindowsOutliveTheirChangelog"}, {pkg: workerPkg, test: "TestAStoreBehindOldDeletionsIsStale"}},
	},
	{
		bug:    "a global table without its newest row",
		breaks: "A task begins with the newest row of each key of a global table, and misses none that follows.",
		edits:  []edit{{"topology/worker/globaltable.go", "if t.newest[string(row.Key)] == row.number {\n", "if t.newest[string(row.Key)] > row.number {\n"}},
		checks: []check{{pkg: workerPkg, test: "TestAGlobalTableForgetsRowsThatWereReplaced"}},
	},
	{
		bug:    "the state of a deleted changelog is trusted",
		breaks: "Local state is of the changelog that is there, not of one of its name.",
		edits:  []edit{{trustFile, "	case from.Changelog != a.topics.ids[at.topic]:\n", "	case from.Changelog != a.topics.ids[at.topic] && end < 0:\n"}},
		checks: []check{{pkg: workerPkg, test: "TestStateOfDeletedChangelogsIsRebuilt"}},
	},
	{
		bug:    "windows that a restart forgets to close",
		breaks: "A window closes though its records came before a restart.",
		edits:  []edit{{"processors/pane.go", "		p.expect(start)\n		return p.oweStored", "		_ = start\n		return p.oweStored"}},
		checks: model("TestWindowsAgainstAModel"),
	},
	{
		bug:    "a window closed a millisecond late",
		breaks: "A record is late from the end and grace of its window on.",
		edits:  []edit{{"processors/pane.go", "	if p.closes(first) > p.StreamTime() {\n", "	if p.closes(first) >= p.StreamTime() {\n"}},
		checks: model("TestWindowsAgainstAModel"),
	},
	{
		bug:    "a pane left out of a merge",
		breaks: "A hopping or sliding window is all of its panes.",
		edits:  []edit{{"processors/slider.go", "i := s.split - 2; i >= s.head; i--", "i := s.split - 2; i > s.head; i--"}},
		checks: append(model("TestWindowsAgainstAModel"), model("TestSlidingWindowsAgainstAModel")...),
	},
	{
		bug:    "sessions a second further apart merge",
		breaks: "Records of a session are at most its gap apart.",
		edits:  []edit{{"processors/sessionmerge.go", "at-p.gap < s.end\n", "at-p.gap < s.end+1000\n"}},
		checks: model("TestSessionsAgainstAModel"),
	},
	{
		bug:    "no tombstone of a session that was merged",
		breaks: "The topic of the sessions ends with those that there are.",
		edits:  []edit{{"processors/sessionmerge.go", "		case s.flags&told != 0:\n", "		case s.flags&told != 0 && p.gap < 0:\n"}},
		checks: model("TestSessionsAgainstAModel"),
	},
	{
		bug:    "suppress without the grace",
		breaks: "A window is forwarded once, when no record can change it any more.",
		edits:  []edit{{"processors/suppress.go", "end+p.grace > p.closed || size", "end > p.closed || size"}},
		checks: model("TestWindowsAgainstAModel"),
	},
	{
		bug:    "suppress keeps what it forwards",
		breaks: "What was forwarded is gone from the store, and does not come again.",
		edits: []edit{
			{"processors/suppress.go", "	p.rows.table.Delete(key)\n	return p.out(&p.next)\n", "	return p.out(&p.next)\n"},
		},
		checks: []check{{pkg: processorsPkg, test: "TestSuppressForwardsInParts"}},
	},
	{
		bug:    "suppress knows its keys",
		breaks: "What Suppress holds lies on the disk, however many windows there are.",
		edits: []edit{
			{"processors/suppress.go", "	closing []byte // keys of", "	kept    map[string]int64\n	closing []byte // keys of"},
			{"processors/suppress.go", "	p.rows.table, p.closed, p.first = ", "	p.kept = map[string]int64{}\n	p.rows.table, p.closed, p.first = "},
			{"processors/suppress.go", "	p.timer.Sooner(rec.Key.End + p.grace)\n", "	p.timer.Sooner(rec.Key.End + p.grace)\n	p.kept[string(p.rows.key)] = rec.Key.End\n"},
		},
		checks: []check{{pkg: processorsPkg, test: "TestMemoryOfSuppressDoesNotGrowWithTheKeys"}},
	},
	{
		bug:    "dedup looks back, not ahead",
		breaks: "Of an id the first record comes through, also where they come out of order.",
		edits:  []edit{{"processors/dedup.go", "[...]int64{start - p.within, start + p.within, start}", "[...]int64{start - p.within, start}"}},
		checks: model("TestDedupAgainstAModel"),
	},
	{
		bug:    "a join window open at its end",
		breaks: "Both ends of a join window belong to it.",
		edits:  []edit{{"processors/lane.go", "e.time < from || e.time > to ||", "e.time < from || e.time >= to ||"}},
		checks: model("TestJoinStreamsAgainstAModel"),
	},
	{
		bug:    "a result alone beside a pair",
		breaks: "A record that has found a partner is not forwarded alone.",
		edits:  []edit{{"processors/lane.go", "		if e.paired || l.open(e.time, due) {\n", "		if l.open(e.time, due) {\n"}},
		checks: model("TestJoinStreamsIsTheJoinOfTheSets"),
	},
	{
		bug:    "half of a joined row deleted with the other",
		breaks: "A row of a join of tables stays while either side has one.",
		edits:  []edit{{"processors/pairs.go", "	if !p.left.found && !p.right.found {\n		p.table.Delete", "	if !p.left.found || !p.right.found {\n		p.table.Delete"}},
		checks: model("TestJoinTablesAgainstAModel"),
	},
	{
		bug:    "answers to a row as it was",
		breaks: "A foreign-key join drops the answer to a version of a row that has changed since.",
		edits:  []edit{{"processors/referring.go", "was.flags&refers == 0 || was.version != binary.BigEndian.Uint64(r[1:])", "was.flags&refers == 0"}},
		checks: model("TestJoinForeignAgainstAModel"),
	},
}
