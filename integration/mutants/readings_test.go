package mutants

const queryPkg = "topology/query"

// readings are bugs of what stores show to who reads them from outside.
var readings = []mutant{
	{
		bug:    "sessions that are part of others are shown",
		breaks: "A reader finds the sessions that are there.",
		edits:  []edit{{"processors/sessionreading.go", "			if s.flags&gone == 0 && s.start >= b.Since &&", "			if s.start >= b.Since &&"}},
		checks: []check{{pkg: operatorPkg, test: "TestSessionsAgainstAModel", flags: rapidly}},
	},
	{
		bug:    "closed windows are merged from what is left",
		breaks: "Windows that are merged as they are read are open.",
		edits:  []edit{{"processors/mergedreading.go", "	return streamTime - p.due(p.size) + 1\n", "	return streamTime - p.due(p.size) - 2000\n"}},
		checks: []check{{pkg: operatorPkg, test: "TestReadersFindTheLastOutputs", flags: rapidly}, {pkg: operatorPkg, test: "TestSlidingWindowsAgainstAModel", flags: rapidly}},
	},
	{
		bug:    "a scan of windows leaps too far",
		breaks: "A scan shows all that lies within its bounds.",
		edits:  []edit{{"processors/windowreading.go", "		return append(head, least...), to\n", "		return append(append(head, least...), 0), to\n"}},
		checks: []check{{pkg: operatorPkg, test: "TestReadersFindWhatTheyAskFor", flags: rapidly}},
	},
	{
		bug:    "keys are shown before all their panes are read",
		breaks: "A window is merged from all its panes.",
		edits:  []edit{{"processors/hoppingreading.go", "		if n.last == nil || ahead(record, n.last, b.Reverse) {\n", "		if n.last == nil || ahead(n.last, record, b.Reverse) {\n"}},
		checks: []check{{pkg: operatorPkg, test: "TestReadersFindManyKeysOfHoppingWindows"}},
	},
	{
		bug:    "a page ends within a row",
		breaks: "All that one row shows is on one page.",
		edits:  []edit{{"topology/worker/span.go", "		if !slices.Equal(at, after) && after != nil {\n", "		if after != nil {\n"}},
		checks: []check{{pkg: queryPkg, test: "TestManySessionsOfManyKeys"}},
	},
	{
		bug:    "windows lie in the partition of their whole key",
		breaks: "A window is looked for in the partition of its records.",
		edits:  []edit{{"topology/worker/store.go", "	return s.PartitionOfRecord(record)\n", "	_ = record\n	return s.PartitionOfRecord(key)\n"}},
		checks: []check{{pkg: queryPkg, test: "TestAnyInstanceAnswersForWindows"}},
	},
}
