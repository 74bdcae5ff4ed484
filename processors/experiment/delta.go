package experiment

import "github.com/abacus-stream/abacus/processors/experiment/stats"

// Delta is all that one stage-1 commit changes in one run of an experiment: one record of the
// repartition topic, so that no reader sees half a unit.
type Delta struct {
	Run         int
	Version     int64 // newest config version the sending task has adopted
	Cells       []CellDelta
	Panes       []PaneDelta
	Excluded    int64         // units in two variants
	Corrections int64         // changes of matured totals
	Dropped     [Drops]int64  // by Drop
	LeftOut     [Causes]int64 // exposed units that are not analysed, by Cause
}

// CellDelta is the change of one variant in one allocation epoch: of all its units, or of those of one segment.
type CellDelta struct {
	Variant   int          // index in the definition
	Epoch     int64        // config version of the units' first exposure
	Segment   int          // 0: all units; else by its place among Definition.SegmentNames, from 1
	Units     int64        // kept units, live; of unit: event accepted events
	FirstSeen int64        // units by first-seen arm, excluded ones included, at exposure + grace; only those that the split check is of
	Crossed   int64        // those of FirstSeen that are excluded; counted once, never taken back
	Live      []stats.Sums // by metric index; N is used by matured sums and means of unit: event
	Matured   []stats.Sums // by metric index; N units entered
	NonZero   []int64      // by metric index; matured units, of unit: event events, whose total is not 0
	Drawn     []int64      // by metric index, of conversions: those of NonZero whose variant was drawn, by weights that are known
	Bins      []Bins       // of quantiles, by metric, then bucket; live
	Joint     []JointSums  // of ratios and metrics with a covariate, by metric
	Ripe      int64        // start of the pane in which FirstSeen, Crossed, Matured, NonZero and Drawn matured, Unix ms; 0: in none

	// Of segments only: their part in the fields of Delta.
	Excluded    int64 // by the variant of the first exposure
	Corrections int64
}

// JointSums is the change of a metric whose figures need several totals of a unit: its own or, of a ratio, those of numerator and
// denominator, behind them those of the covariate (of a ratio a given one is x and 1). All are capped, scaled by their own decimals.
type JointSums struct {
	Metric        int         // index in the definition
	Live, Matured stats.Joint // N is used by matured sums
}

// PaneDelta is the change of one variant in one pane of a second.
type PaneDelta struct {
	Variant  int
	Start    int64 // Unix ms, a multiple of 1000
	UnitsNew int64 // kept units first exposed in the pane
	Late     int64 // changes that came after the pane's end + grace by their own task's stream time
	Metrics  []PaneSums
	Bins     []PaneBins // by metric index; may be shorter than Metrics, or empty: see Metric.Valued and Definition.Windowed
}

// PaneSums is the change of one metric in a pane: attributed events and the sum of their values.
type PaneSums struct {
	Events int64
	Sum    stats.Int128 // scaled by the metric's decimals; of conversions and counts the events
}

// Drop is a reason for which an event of an exposed and kept unit does not count.
type Drop uint8

// The reasons of the stats record's dropped.
const (
	DropLate Drop = iota
	DropBeforeExposure
	DropOutsideWindow
	DropBeforeStart
	DropAfterEnd
	DropNoExposure
	DropNoValue
	DropRounded
	DropConflict
	DropMultipleVariants
	Drops
)

var dropNames = [Drops]string{"late", "before_exposure", "outside_window", "before_start", "after_end",
	"no_exposure", "no_value", "rounded", "conflict", "multiple_variants"}

// String is the word of the stats record.
func (d Drop) String() string { return dropNames[d] }
