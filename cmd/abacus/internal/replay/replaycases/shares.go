package replaycases

// Aggregate is one replay of aggregated files, one a variant.
type Aggregate struct {
	Name    string // also the experiment's name, or its beginning
	Files   []VariantFile
	Metrics []string // values of --metric
	Truths  []Truth
}

// VariantFile is the file of one variant, below the folder of the data sets.
type VariantFile struct{ Variant, File string }

// Shares are the aggregated data sets whose figures are known.
var Shares = []Aggregate{{
	Name:  "free-trial",
	Files: []VariantFile{{"control", "udacity_free_trial/control_data.csv"}, {"treatment", "udacity_free_trial/experiment_data.csv"}},
	Metrics: []string{"gross=share:Enrollments/Clicks", "net=share:Payments/Clicks", "retention=share:Payments/Enrollments",
		"ctp=share:Clicks/Pageviews"},
	Truths: []Truth{
		{"gross", "treatment", []string{"udacity_free_trial", "gross_conversion"}, ""},
		{"net", "treatment", []string{"udacity_free_trial", "net_conversion"}, ""},
		{"retention", "treatment", []string{"udacity_free_trial", "retention"}, ""},
		{"ctp", "treatment", []string{"udacity_free_trial", "CTP"}, ""},
	},
}}
