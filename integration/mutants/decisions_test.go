package mutants

const (
	actFile   = "processors/registry/act.go"
	guardFile = "processors/experiment/cells/guard.go"

	registryPkg = "processors/registry"
)

// stopsHarm follows a decision from the engine to what counts no more.
var stopsHarm = check{pkg: pipelinePkg, sub: "kfake", test: "TestGuardrailsStopHarm"}

// decisions are bugs of guardrails, of what is made of their decisions, and of layers.
var decisions = []mutant{
	{
		bug:    "matured when it is noticed",
		breaks: "What time alone brings has matured when it was due: the pane does not depend on when somebody looks.",
		edits:  []edit{{unitsFile + "maturity.go", "	if p.timed {\n", "	if p.timed && due == never {\n"}},
		checks: []check{{pkg: unitsPkg, test: "TestFastSlowAndOracleAgree", tries: 5, flags: rapidly}},
	},
	{
		bug:    "decided at every close",
		breaks: "A guardrail decides once in the life of a run.",
		edits:  []edit{{guardFile, "	if before != 0 || seen.Crossed == 0 {\n", "	if before > end || seen.Crossed == 0 {\n"}},
		checks: []check{{pkg: flowPkg, test: "TestAHarmfulArmIsStopped"}, stopsHarm},
	},
	{
		bug:    "a decision is taken twice",
		breaks: "A decision that comes again is one.",
		edits:  []edit{{actFile, "return a.ID == r.ID }", "return a.ID == \"\" }"}},
		checks: []check{{pkg: registryPkg, test: "TestActStops"}, stopsHarm},
	},
	{
		bug:    "an alert stops",
		breaks: "A guardrail that alerts ends nothing.",
		edits:  []edit{{actFile, "	if r.Action == decision.Stop && ", "	if r.Action != \"\" && "}},
		checks: []check{{pkg: registryPkg, test: "TestActAlerts"}, stopsHarm},
	},
	{
		bug:    "exposures after the end",
		breaks: "At the end of an experiment and after it no unit comes in.",
		edits:  []edit{{unitsFile + "exposure.go", "	case ev.Time >= x.end:\n", "	case ev.Time-60_000 >= x.end:\n"}},
		checks: []check{{pkg: unitsPkg, test: "TestCase11_ExposuresOutsideTheExperimentAreIgnored"}},
	},
	{
		bug:    "layers as they are now",
		breaks: "Parts of a layer that two experiments have at different times do not meet, and those that they will have do.",
		edits:  []edit{{"processors/registry/layer.go", "m.begin < t.end && t.begin < m.end && m.layer", "m.begin <= m.end && m.layer"}},
		checks: []check{{pkg: registryPkg, test: "TestExperimentsOfALayerKeepApart"}},
	},
}
