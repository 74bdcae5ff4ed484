package structure

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Why a group of cases is no test's.
const (
	noSDK  = "no test: it is of an SDK that evaluates feature flags; Abacus reads exposures and evaluates none"
	noFlag = "no test: the flag that it asks of is not among the vectors"
)

// claims name, for each group of each file of published vectors, the test that checks all of it, or why none does.
var claims = map[string]map[string]string{
	"bucketing_hash.json": {
		"growthbook_non_ascii": "TestPublishedGrowthBookSharesBeyondASCII",
		"optimizely":           "TestPublishedMurmur32",
		"go_feature_flag":      "TestPublishedFNV",
		"bucketeer":            "TestPublishedMurmur128",
		"planout":              "TestPublishedPlanOut",
		"flagd_fractional":     "TestPublishedMurmur32",

		"flagd_fractional fractional-hash-edge-flag":          "TestPublishedEdgesOfAHalf",
		"flagd_fractional fractional-flag":                    noFlag,
		"flagd_fractional fractional-flag-shorthand":          noFlag,
		"flagd_fractional fractional-flag-A-shared-seed":      noFlag,
		"flagd_fractional fractional-single-entry-flag":       noFlag,
		"flagd_fractional fractional-flag-B-shared-seed":      noFlag,
		"flagd_fractional fractional-nested-if-flag":          noFlag,
		"flagd_fractional fractional-nested-var-flag":         noFlag,
		"flagd_fractional fractional-nested-weight-flag":      noFlag,
		"flagd_fractional fractional-as-condition-flag":       noFlag,
		"flagd_fractional fractional-as-condition-false-flag": noFlag,
		"flagd_fractional fractional-null-bucket-key-flag":    noFlag,
		"flagd_fractional fractional-zero-weights-flag":       noFlag,
		"flagd_fractional fractional-negative-weight-flag":    noFlag,
	},
	"confseq_boundaries.json": {
		"two_sided_normal_mixture.best_rho": "TestPublishedBoundaries",
		"normal_mixture_bound":              "TestPublishedBoundaries",
		"gamma_exponential_mixture_bound":   "TestPublishedBoundaries",
		"gamma_poisson_mixture_bound":       "TestPublishedBoundaries",
		"beta_binomial_mixture_bound":       "TestPublishedBoundaries",
		"poly_stitching_bound":              "TestPublishedBoundaries",
		"double_stitching_bound":            "TestPublishedBoundaries",
		"quantile_ab_p_value":               "TestPublishedBoundaries",
		"bernoulli_confidence_interval":     "TestPublishedBoundaries",
	},
	"gbstats_frequentist.json": {
		"two_sided_ttest_relative": "TestGBStatsWelchRelative",
		"two_sided_ttest_absolute": "TestGBStatsWelchAbsolute",
		"cuped_ratio_relative":     "TestGBStatsAdjustedRatio",
		"cuped_ratio_sequential":   "TestPublishedSequenceOfFewUnits",
		"sequential_prop":          "TestGBStatsProportionsRelative TestPublishedSequences",
		"sequential_cuped_mean":    "TestGBStatsAdjustedMean TestPublishedSequences",
		"one_sided_absolute":       "TestGBStatsWelchOneSided TestPublishedOneSidedBounds",
		"theta_0.01864":            "TestGBStatsTheta",
	},
	"growthbook_cases.json": {
		"hash":                   "TestPublishedGrowthBookShares",
		"getBucketRange":         "TestPublishedGrowthBookRanges",
		"chooseVariation":        "TestPublishedGrowthBookChoices",
		"inNamespace":            "TestPublishedGrowthBookNamespaces",
		"getEqualWeights":        "TestPublishedGrowthBookEqualWeights",
		"evalCondition":          noSDK,
		"feature":                noSDK,
		"run":                    noSDK,
		"getQueryStringOverride": noSDK,
		"decrypt":                noSDK,
		"stickyBucket":           noSDK,
		"urlRedirect":            noSDK,
		"contextualBandit":       noSDK,
	},
	"multiple_testing.json": {
		"holm":               "TestPublishedAdjustments",
		"benjamini_hochberg": "TestPublishedAdjustments",
	},
	"nist_strd_univariate.json": {
		"datasets":  "TestNISTUnivariate",
		"generated": "TestNISTUnivariate",
	},
	"srm_chisq.json":       {"cases": "TestChiSquareVectors TestPublishedChiSquares"},
	"ssrm_sequential.json": {"unit_level": "TestPublishedSequentialSplit"},
}

// Each group of published vectors is some test's, and each test that is named is there, beside the name of the file.
func TestEveryPublishedVectorIsClaimed(t *testing.T) {
	folder := os.Getenv("ABACUS_VECTORS")
	if folder == "" {
		t.Skip("NOT CHECKED which vectors have a test: set ABACUS_VECTORS to the folder that holds them")
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	published := map[string][]string{}
	for _, f := range files {
		published[f.Name()] = groups(t, filepath.Join(folder, f.Name()))
		for _, group := range published[f.Name()] {
			if claims[f.Name()][group] == "" {
				t.Errorf("%s: no test claims %q: write one and name it here", f.Name(), group)
			}
		}
	}
	rooms := testFolders(t)
	for file, claimed := range claims {
		for group, holds := range claimed {
			if !slices.Contains(published[file], group) {
				t.Errorf("%s has no group %q: drop its line here", file, group)
			}
			if holds == noSDK || holds == noFlag {
				t.Logf("NOT CHECKED: %s %s: %s", file, group, holds)
				continue
			}
			for _, test := range strings.Fields(holds) {
				declared := func(text string) bool {
					return strings.Contains(text, "func "+test+"(") && strings.Contains(text, strconv.Quote(file))
				}
				if !slices.ContainsFunc(rooms, declared) {
					t.Errorf("%s %s: there is no %s in a package whose tests read the file", file, group, test)
				}
			}
		}
	}
}

// testFolders are the texts of all tests of a folder together, but of this one.
func testFolders(t *testing.T) []string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || d.Name() == "vectors_test.go" {
			return err
		}
		text, err := os.ReadFile(path)
		texts[filepath.Dir(path)] += string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(maps.Values(texts))
}

// groups are the names of what a file holds: its lists and objects, with the kinds of their cases.
func groups(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	found := map[string]bool{}
	for key, value := range file {
		switch value := value.(type) {
		case []any:
			for _, kind := range kinds(value) {
				if kind == "" {
					kind = key
				}
				found[kind] = true
			}
		case map[string]any:
			found[key] = true
			cases, _ := value["scenarios"].([]any)
			for _, kind := range kinds(cases) {
				found[key+" "+kind] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// kinds are what tells the cases of a list apart, function, id, method or flag; empty where nothing does.
func kinds(cases []any) (all []string) {
	for _, c := range cases {
		kind := ""
		if fields, ok := c.(map[string]any); ok {
			for _, key := range []string{"fn", "id", "method", "flag"} {
				if text, ok := fields[key].(string); ok {
					kind = text
				}
			}
		}
		all = append(all, kind)
	}
	return all
}
