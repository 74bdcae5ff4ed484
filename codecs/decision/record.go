package decision

import "github.com/abacus-stream/abacus/codecs/result"

// Version is the version of the layout, the record's v. Additions keep it; a change of meaning raises it.
const Version = 1

// Actions.
const (
	Stop  = "stop"  // the experiment is to end: no exposure counts from then on
	Alert = "alert" // somebody is to look
)

// Split is what a decision is about that rests on the split of units, in the place of a metric's name.
const Split = "split"

// Record is one decision.
type Record struct {
	V             int    `json:"v"`  // Version
	ID            string `json:"id"` // see ID
	Experiment    string `json:"experiment"`
	Run           int64  `json:"run"`
	Action        string `json:"action"`         // Stop or Alert
	Metric        string `json:"metric"`         // of the guardrail, or Split
	Variant       string `json:"variant"`        // the harmful arm; empty of a split
	ConfigVersion int64  `json:"config_version"` // of the definition that was in effect at Pane
	Pane          int64  `json:"pane"`           // start of the pane of maturity that crossed, Unix ms; a multiple of 1000

	Alpha  float64       `json:"alpha"`  // the level that P was held against: a share of Budget
	Budget float64       `json:"budget"` // of the experiment, for life
	LogE   float64       `json:"log_e"`  // natural logarithm of E, rounded to 1e-9
	E      result.Number `json:"e"`      // null where it is beyond a float64
	P      float64       `json:"p"`      // 1/E
	Margin float64       `json:"margin"` // relative harm that is put up with; 0 of a split

	Control   *Arm             `json:"control,omitempty"`    // of a guardrail
	Treatment *Arm             `json:"treatment,omitempty"`  // likewise
	FirstSeen map[string]int64 `json:"first_seen,omitempty"` // of a split: units by the arm that they came to first
	Reason    string           `json:"reason"`               // a sentence
}

// Arm is the matured units of one arm that the evidence rests on.
type Arm struct {
	N    int64         `json:"n"`
	Sum  string        `json:"sum"` // exact, see result.FormatSum
	Mean result.Number `json:"mean"`
}
