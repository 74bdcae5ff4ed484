package experiment

import "time"

// Definition is an experiment as its YAML document states it. A zero field means the
// documented default, which Defaults fills in; Validate reports every fault at once.
type Definition struct {
	Experiment       string              `yaml:"experiment" json:"experiment"`
	Draft            bool                `yaml:"draft,omitempty" json:"draft,omitempty"`                 // prepared only: nothing counts yet
	Unit             string              `yaml:"unit" json:"unit"`                                       // user or event
	RandomisedBy     string              `yaml:"randomised_by,omitempty" json:"randomised_by,omitempty"` // event or other; for unit: event
	Variants         Variants            `yaml:"variants" json:"variants"`
	Control          string              `yaml:"control" json:"control"`
	Traffic          *float64            `yaml:"traffic,omitempty" json:"traffic,omitempty"`
	Layer            *Layer              `yaml:"layer,omitempty" json:"layer,omitempty"` // what it shares no unit with
	Start            *time.Time          `yaml:"start,omitempty" json:"start,omitempty"`
	End              *time.Time          `yaml:"end,omitempty" json:"end,omitempty"`
	MultipleVariants string              `yaml:"multiple_variants,omitempty" json:"multiple_variants,omitempty"` // exclude or first
	Exclude          Exclusion           `yaml:"exclude,omitempty" json:"exclude,omitzero"`                      // units that are not analysed
	Holdout          *Holdout            `yaml:"holdout,omitempty" json:"holdout,omitempty"`
	Segments         []Dimension         `yaml:"segments,omitempty" json:"segments,omitempty"`
	Grace            Duration            `yaml:"grace,omitempty" json:"grace,omitempty"`
	DedupFor         Duration            `yaml:"dedup_for,omitempty" json:"dedup_for,omitempty"`
	Metrics          []Metric            `yaml:"metrics" json:"metrics"`
	Windows          []string            `yaml:"windows,omitempty" json:"windows"`               // 1s, 5s, 60s, sliding 60s; [] for none
	Retention        map[string]Duration `yaml:"retention,omitempty" json:"retention,omitempty"` // by grain
	Decision         Decision            `yaml:"decision,omitempty" json:"decision,omitempty"`
}

// Metric is one metric of an experiment.
type Metric struct {
	Name        string    `yaml:"name" json:"name"`
	Kind        string    `yaml:"kind" json:"kind"` // conversion, count, mean, quantile, last, ratio
	Event       string    `yaml:"event,omitempty" json:"event,omitempty"`
	Window      Duration  `yaml:"window,omitempty" json:"window,omitempty"`
	Delay       Duration  `yaml:"delay,omitempty" json:"delay,omitempty"`
	Goal        string    `yaml:"goal,omitempty" json:"goal,omitempty"`       // increase or decrease
	Primary     bool      `yaml:"primary,omitempty" json:"primary,omitempty"` // its verdicts decide; none marked: those of all but guardrails
	Decimals    *int      `yaml:"decimals,omitempty" json:"decimals,omitempty"`
	Cap         *Amount   `yaml:"cap,omitempty" json:"cap,omitempty"`     // of the unit total
	Where       string    `yaml:"where,omitempty" json:"where,omitempty"` // prop=value
	Guardrail   bool      `yaml:"guardrail,omitempty" json:"guardrail,omitempty"`
	OnHarm      string    `yaml:"on_harm,omitempty" json:"on_harm,omitempty"` // of a guardrail: stop or alert (default)
	Margin      float64   `yaml:"margin,omitempty" json:"margin,omitempty"`   // of a guardrail: relative harm that is put up with, default 0.01
	Quantiles   []float64 `yaml:"quantiles,omitempty" json:"quantiles,omitempty"`
	Of          string    `yaml:"of,omitempty" json:"of,omitempty"`               // of quantiles: event or unit
	Numerator   string    `yaml:"numerator,omitempty" json:"numerator,omitempty"` // of a ratio: the name of another metric
	Denominator string    `yaml:"denominator,omitempty" json:"denominator,omitempty"`

	Covariate *Covariate `yaml:"covariate,omitempty" json:"covariate,omitempty"` // adjusts comparisons (CUPED)
}

// Decision holds what verdicts are made from.
type Decision struct {
	Alpha        float64 `yaml:"alpha,omitempty" json:"alpha,omitempty"`
	PlannedUnits int64   `yaml:"planned_units,omitempty" json:"planned_units,omitempty"` // of both arms, where sequences are tightest; 0: 10,000
	Correction   string  `yaml:"correction,omitempty" json:"correction,omitempty"`       // over primary metrics times treatments: holm (default) or none
}
