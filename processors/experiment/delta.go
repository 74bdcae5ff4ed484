package experiment

import "github.com/abacus-stream/abacus/processors/experiment/stats"

// Delta is all that one stage-1 commit changes in one run of an experiment: one record of the
// repartition topic, so that no reader sees half a unit.
type Delta struct {
	Run         int
	Version     int64 // newest config version the sending task has adopted
	Cells       []CellDelta
	Panes       []PaneDelta
	Excluded    int64        // units in two variants
	Corrections int64        // changes of matured totals
	Dropped     [Drops]int64 // by Drop
}

// CellDelta is the change of one variant in one allocation epoch.
type CellDelta struct {
	Variant   int          // index in the definition
	Epoch     int64        // config version of the units' first exposure
	Units     int64        // kept units, live; of unit: event accepted events
	FirstSeen int64        // units by first-seen arm, excluded ones included, at exposure + grace
	Crossed   int64        // those of FirstSeen that are excluded; counted once, never taken back
	Live      []stats.Sums // by metric index; N is used by matured sums and means of unit: event
	Matured   []stats.Sums // by metric index; N units entered
	NonZero   []int64      // by metric index; matured units, of unit: event events, whose total is not 0
	Ripe      int64        // start of the pane in which FirstSeen, Crossed, Matured and NonZero matured, Unix ms; 0: in none
}

// PaneDelta is the change of one variant in one pane of a second.
type PaneDelta struct {
	Variant  int
	Start    int64 // Unix ms, a multiple of 1000
	UnitsNew int64 // kept units first exposed in the pane
	Late     int64 // changes that came after the pane's end + grace by their own task's stream time
	Metrics  []PaneSums
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
