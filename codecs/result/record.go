package result

// Version is the version of the layout, the record's v. Additions keep it; a change of meaning raises it.
const Version = 1

// Record is one experiment in one window, or its total.
type Record struct {
	V             int    `json:"v"` // Version
	Experiment    string `json:"experiment"`
	Run           int64  `json:"run"`
	ConfigVersion int64  `json:"config_version"`
	Grain         string `json:"grain"`             // Total, or the window's: 60s, sliding 60s
	Segment       string `json:"segment,omitempty"` // dim=value of a segment's total
	Start         *int64 `json:"start,omitempty"`   // Unix ms, inclusive; windows only
	End           *int64 `json:"end,omitempty"`     // Unix ms, exclusive; windows only
	AsOf          int64  `json:"as_of"`             // the watermark that the record reflects, Unix ms
	Closed        bool   `json:"closed"`
	Revision      int64  `json:"revision"`               // how often a closed record was corrected
	Retention     int64  `json:"retention_ms,omitempty"` // windows only: how long after its end it is kept; 0: not said

	// Of totals only. Dropped counts events by cause; a nil map is left out, an empty one is not.
	Units    map[string]int64 `json:"units,omitzero"` // kept units by variant
	Excluded *int64           `json:"excluded,omitempty"`
	Dropped  map[string]int64 `json:"dropped,omitzero"`  // not of segments
	LeftOut  map[string]int64 `json:"left_out,omitzero"` // exposed units that are not analysed by cause: listed, holdout
	Split    *Split           `json:"split,omitempty"`

	PostMaturityCorrections int64             `json:"post_maturity_corrections,omitempty"` // units
	MaturedLate             int64             `json:"matured_late,omitempty"`              // panes of maturity that came after their close
	Reason                  map[string]string `json:"reason,omitempty"`                    // why a field is null
	Metrics                 map[string]Metric `json:"metrics"`
}

// Split is the check that units fall to the variants as their weights say.
type Split struct {
	Weights     map[string]float64 `json:"weights"`      // normalised
	PSequential Number             `json:"p_sequential"` // valid at any time; first-seen arms, excluded units included
	Chi2        Number             `json:"chi2"`         // of kept units
	PChi2       Number             `json:"p_chi2"`
	FirstSeen   map[string]int64   `json:"first_seen,omitzero"` // units by first-seen arm, excluded ones included; not of unit: event
	Crossed     map[string]int64   `json:"crossed,omitzero"`    // those of them that are excluded
	Verdict     string             `json:"verdict"`             // ok, broken split, broken assignment

	WorstSegment  string `json:"worst_segment,omitempty"`  // that came least by the weights, dimension=value
	PWorstSegment Number `json:"p_worst_segment,omitzero"` // its own p_sequential; broken at 0.001 over the number of segments

	Reason string `json:"reason,omitempty"`
}

// Metric is one metric of the experiment. Comparisons, by treatment, are of totals only.
type Metric struct {
	Kind        string                `json:"kind"`
	Primary     bool                  `json:"primary,omitempty"` // totals: its verdicts decide
	Variants    map[string]Variant    `json:"variants"`
	Comparisons map[string]Comparison `json:"comparisons,omitempty"`
	Reason      string                `json:"reason,omitempty"`
}

// Variant holds the figures of one variant. What a record does not have is left at its zero value and out of the
// JSON; what it should have and is not available is Null.
type Variant struct {
	N        *int64 `json:"n,omitempty"`         // totals: units, or events of a mean by event
	UnitsNew *int64 `json:"units_new,omitempty"` // windows: units first exposed
	Events   *int64 `json:"events,omitempty"`    // windows
	Sum      string `json:"sum,omitempty"`       // exact, see FormatSum; a ratio's is its numerator's
	Mean     Number `json:"mean,omitzero"`       // totals: per unit; windows: per event; a ratio's R
	Variance Number `json:"variance,omitzero"`   // totals: of unit totals, over n-1; a ratio's: n times that of R
	Rate     Number `json:"rate,omitzero"`       // windows: events per second
	Min      Number `json:"min,omitzero"`        // windows: of the values; like all quantiles within 1 %, see package quantile
	Max      Number `json:"max,omitzero"`
	Uniques  *int64 `json:"uniques,omitempty"` // windows: units that the events are of
	P50      Number `json:"p50,omitzero"`      // windows: of the values
	P95      Number `json:"p95,omitzero"`
	P99      Number `json:"p99,omitzero"`

	Quantiles  map[string]Number `json:"quantiles,omitempty"`   // totals of quantiles: by the quantile, "0.9"; within 1 %
	MaturedN   *int64            `json:"matured_n,omitempty"`   // totals: units of the always-valid track
	MaturedSum string            `json:"matured_sum,omitempty"` // totals: their sum
	Reason     string            `json:"reason,omitempty"`

	MaturedNonZero *int64 `json:"matured_nonzero,omitempty"` // totals: those of matured_n whose total is not 0
	// MaturedDrawn is, of conversions in totals, those of matured_nonzero that the exact figures are of: their variant was drawn, by known
	// weights. Left out where all are.
	MaturedDrawn *int64 `json:"matured_drawn,omitempty"`
}

// Comparison is one treatment against control. All figures but those marked are in every comparison, null if not
// available; Reason then says why.
type Comparison struct {
	Method                 string   `json:"method"`                            // of the fixed-horizon figures: z_pooled, welch, ratio; _cuped with a covariate, _stratified over epochs
	Difference             Number   `json:"difference"`                        // treatment's mean - control's
	Relative               Number   `json:"relative"`                          // Difference / |control's mean|
	SE                     Number   `json:"se"`                                // of Difference, unpooled
	SEPooled               Number   `json:"se_pooled,omitzero"`                // conversions only
	Statistic              Number   `json:"statistic"`                         // z or t, the source of P
	DF                     Number   `json:"df,omitzero"`                       // of t; not with z
	P                      Number   `json:"p"`                                 // fixed horizon, two-sided
	Interval               Interval `json:"interval"`                          // of Difference, fixed horizon
	RelativeInterval       Interval `json:"relative_interval"`                 // of Relative, fixed horizon
	MethodAlways           string   `json:"method_always,omitempty"`           // multinomial_e_process, asymptotic_sequence
	PAlways                Number   `json:"p_always"`                          // valid at any time, matured units
	RelativeIntervalAlways Interval `json:"relative_interval_always,omitzero"` // of their relative difference, valid at any time
	IntervalAlways         Interval `json:"interval_always"`                   // of their difference, valid at any time
	IntervalAlwaysMethod   string   `json:"interval_always_method,omitempty"`  // of IntervalAlways alone: asymptotic_sequence
	PAdjusted              Number   `json:"p_adjusted"`                        // PAlways over the family
	CrossedAt              int64    `json:"crossed_at,omitempty"`              // as_of at which PAlways was first at most alpha, Unix ms
	Verdict                string   `json:"verdict"`                           // as package verdict has them; empty: no inference
	Reason                 string   `json:"reason,omitempty"`                  // a sentence, words for machines at its end
	Theta                  Number   `json:"theta,omitzero"`                    // with a covariate: by how much of the metric one of it is taken off
	VarianceReduction      Number   `json:"variance_reduction,omitzero"`       // with a covariate: the share of the variance of Difference that it took away

	Quantiles map[string]QuantileComparison `json:"quantiles,omitempty"` // by the quantile: "0.95"; the figures above are the first one's
}

// QuantileComparison is one quantile of a treatment against that of control, at a fixed horizon. Figures are null if not
// available; Reason then says why.
type QuantileComparison struct {
	Difference       Number   `json:"difference"`
	Relative         Number   `json:"relative"` // Difference / |control's|
	SE               Number   `json:"se"`
	Statistic        Number   `json:"statistic"`
	P                Number   `json:"p"`
	Interval         Interval `json:"interval"`          // of Difference, widened by what the bins may hide
	RelativeInterval Interval `json:"relative_interval"` // of Relative, likewise
	Reason           string   `json:"reason,omitempty"`
}
