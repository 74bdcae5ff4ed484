// Package replaycases lists public data sets of finished experiments with the flags that replay them and the place
// of their known figures, for tests at every level: events alone, or the whole way to the stats record.
//
// The data sets are not part of the project. Tests find them in the folder named by the environment variable
// ABACUS_DATA, with the figures in its truth.json, and skip without it.
package replaycases

// Folder is the environment variable that names the folder of the data sets.
const Folder = "ABACUS_DATA"

// Methods of comparisons that are not told by the kind of their metric.
const (
	Adjusted = "welch_cuped"
	Ratio    = "ratio"
)

// Case is one replay of one file.
type Case struct {
	Name   string   // also the experiment's name
	File   string   // below the folder of the data sets
	Args   []string // flags of abacus replay, without the file and --experiment
	Truths []Truth
}

// Truth says where the figures of one comparison stand.
type Truth struct {
	Metric    string
	Treatment string
	Path      []string // keys into truth.json
	Method    string   // of the comparison; empty: as the kind has it
}

// Cases are the data sets whose figures are known.
var Cases = []Case{
	{
		Name: "cookie-cats", File: "cookie_cats/cookie_cats.csv.gz",
		Args: []string{"--unit", "userid", "--variant", "version", "--control", "gate_30",
			"--metric", "retention_1=conversion:retention_1", "--metric", "retention_7=conversion:retention_7",
			"--metric", "sum_gamerounds=mean:sum_gamerounds", "--metric", "rounds_500=mean:sum_gamerounds,cap=500"},
		Truths: []Truth{
			{"retention_1", "gate_40", []string{"cookie_cats", "retention_1"}, ""},
			{"retention_7", "gate_40", []string{"cookie_cats", "retention_7"}, ""},
			{"sum_gamerounds", "gate_40", []string{"cookie_cats", "sum_gamerounds"}, ""},
			{"rounds_500", "gate_40", []string{"cookie_cats", "sum_gamerounds_winsorised_at_500"}, ""},
		},
	},
	{
		Name: "cookie-cats-without-outlier", File: "cookie_cats/cookie_cats.csv.gz",
		Args: []string{"--unit", "userid", "--variant", "version", "--control", "gate_30",
			"--where", "sum_gamerounds<49854", "--metric", "sum_gamerounds=mean:sum_gamerounds"},
		Truths: []Truth{{"sum_gamerounds", "gate_40", []string{"cookie_cats", "sum_gamerounds_without_49854"}, ""}},
	},
	{
		Name: "homepage", File: "audacity/homepage_actions.csv",
		Args: []string{"--unit", "id", "--variant", "group", "--control", "control", "--time", "timestamp",
			"--exposure", "action=view", "--metric", "click=conversion:action=click"},
		Truths: []Truth{{"click", "experiment", []string{"audacity", "homepage", "ctr_unique"}, ""}},
	},
	{
		Name: "course-page", File: "audacity/course_page_actions.csv",
		Args: []string{"--unit", "#row", "--variant", "group", "--control", "control", "--time", "timestamp",
			"--where", "action=view", "--where", "duration!=", "--metric", "duration=mean:duration"},
		Truths: []Truth{{"duration", "experiment", []string{"audacity", "course_page", "view_duration_rows_nonblank"}, ""}},
	},
	{
		Name: "classroom", File: "audacity/classroom_actions.csv",
		Args: []string{"--unit", "id", "--variant", "group", "--control", "control", "--time", "timestamp",
			"--metric", "completed=conversion:completed", "--metric", "total_days=mean:total_days"},
		Truths: []Truth{
			{"completed", "experiment", []string{"audacity", "classroom", "completed"}, ""},
			{"total_days", "experiment", []string{"audacity", "classroom", "total_days"}, ""},
		},
	},
	{
		Name: "hillstrom", File: "hillstrom/hillstrom.csv.gz",
		Args: []string{"--unit", "#row", "--variant", "segment", "--control", "No E-Mail",
			"--metric", "visit=conversion:visit", "--metric", "conversion=conversion:conversion",
			"--metric", "spend=mean:spend", "--metric", "spend_adjusted=mean:spend,covariate=history",
			"--metric", "spend_per_conversion=ratio:spend/conversion"},
		Truths: []Truth{
			{"spend_adjusted", "Mens E-Mail", []string{"hillstrom", "Mens E-Mail: spend CUPED on history"}, Adjusted},
			{"spend_adjusted", "Womens E-Mail", []string{"hillstrom", "Womens E-Mail: spend CUPED on history"}, Adjusted},
			{"spend_per_conversion", "Mens E-Mail", []string{"hillstrom", "Mens E-Mail: spend per conversion (delta)"}, Ratio},
			{"spend_per_conversion", "Womens E-Mail", []string{"hillstrom", "Womens E-Mail: spend per conversion (delta)"}, Ratio},
			{"visit", "Mens E-Mail", []string{"hillstrom", "Mens E-Mail: visit"}, ""},
			{"conversion", "Mens E-Mail", []string{"hillstrom", "Mens E-Mail: conversion"}, ""},
			{"spend", "Mens E-Mail", []string{"hillstrom", "Mens E-Mail: spend"}, ""},
			{"visit", "Womens E-Mail", []string{"hillstrom", "Womens E-Mail: visit"}, ""},
			{"conversion", "Womens E-Mail", []string{"hillstrom", "Womens E-Mail: conversion"}, ""},
			{"spend", "Womens E-Mail", []string{"hillstrom", "Womens E-Mail: spend"}, ""},
		},
	},
	{
		Name: "artea", File: "artea/artea-a_b-experiment.csv",
		Args: []string{"--unit", "id", "--variant", "test_coupon", "--control", "0",
			"--metric", "trans_after=mean:trans_after", "--metric", "revenue_after=mean:revenue_after",
			"--metric", "any_transaction=conversion:trans_after",
			"--metric", "on_purchases=mean:revenue_after,covariate=num_past_purch",
			"--metric", "on_spent=mean:revenue_after,covariate=spent_last_purchase",
			"--metric", "on_cart=mean:revenue_after,covariate=shopping_cart",
			"--metric", "on_minutes=mean:revenue_after,covariate=browsing_minutes"},
		Truths: []Truth{
			{"on_purchases", "1", []string{"artea", "revenue_after CUPED on num_past_purch"}, Adjusted},
			{"on_spent", "1", []string{"artea", "revenue_after CUPED on spent_last_purchase"}, Adjusted},
			{"on_cart", "1", []string{"artea", "revenue_after CUPED on shopping_cart"}, Adjusted},
			{"on_minutes", "1", []string{"artea", "revenue_after CUPED on browsing_minutes"}, Adjusted},
			{"trans_after", "1", []string{"artea", "trans_after"}, ""},
			{"revenue_after", "1", []string{"artea", "revenue_after"}, ""},
			{"any_transaction", "1", []string{"artea", "any_transaction"}, ""},
		},
	},
	{
		Name: "adsmart", File: "adsmart/AdSmartABdata.csv",
		Args: []string{"--unit", "auction_id", "--variant", "experiment", "--control", "control", "--time", "date",
			"--skip-bad", "--metric", "yes=conversion:yes", "--metric", "answered=conversion:yes=1|no=1"},
		Truths: []Truth{
			{"yes", "exposed", []string{"adsmart", "yes_over_all"}, ""},
			{"answered", "exposed", []string{"adsmart", "answer_rate"}, ""},
		},
	},
	{
		Name: "adsmart-among-answers", File: "adsmart/AdSmartABdata.csv",
		Args: []string{"--unit", "auction_id", "--variant", "experiment", "--control", "control", "--time", "date",
			"--where", "yes=1|no=1", "--metric", "yes=conversion:yes"},
		Truths: []Truth{{"yes", "exposed", []string{"adsmart", "brand_awareness_among_answers"}, ""}},
	},
	{
		Name: "orders", File: "practicum_orders/orders_us.csv",
		Args: []string{"--unit", "#row", "--variant", "group", "--control", "A", "--time", "date",
			"--metric", "order_value=mean:revenue"},
		Truths: []Truth{{"order_value", "B", []string{"practicum_orders", "order_value"}, ""}},
	},
	{
		Name: "orders-without-outlier", File: "practicum_orders/orders_us.csv",
		Args: []string{"--unit", "#row", "--variant", "group", "--control", "A", "--time", "date",
			"--where", "revenue<19920", "--metric", "order_value=mean:revenue"},
		Truths: []Truth{{"order_value", "B", []string{"practicum_orders", "without_19920_order: order_value"}, ""}},
	},
	{
		Name: "orders-without-conflicts", File: "practicum_orders/orders_us.csv",
		Args: []string{"--unit", "#row", "--variant", "group", "--control", "A", "--time", "date",
			"--exclude-conflicts", "visitorId", "--metric", "order_value=mean:revenue"},
		Truths: []Truth{{"order_value", "B", []string{"practicum_orders", "excluding_conflicting: order_value"}, ""}},
	},
	{
		Name: "fast-food-weeks", File: "fast_food/WA_Marketing-Campaign.csv",
		Args: []string{"--unit", "#row", "--variant", "Promotion", "--control", "1",
			"--metric", "sales=mean:SalesInThousands"},
		Truths: []Truth{
			{"sales", "2", []string{"fast_food", "welch_1_vs_2_rows"}, ""},
			{"sales", "3", []string{"fast_food", "welch_1_vs_3_rows"}, ""},
		},
	},
	{
		Name: "fast-food-stores", File: "fast_food/WA_Marketing-Campaign.csv",
		Args: []string{"--unit", "LocationID", "--variant", "Promotion", "--control", "1",
			"--metric", "sales=mean:SalesInThousands"},
		Truths: []Truth{
			{"sales", "2", []string{"fast_food", "welch_1_vs_2_location_totals"}, ""},
			{"sales", "3", []string{"fast_food", "welch_1_vs_3_location_totals"}, ""},
		},
	},
}
