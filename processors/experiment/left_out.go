package experiment

import (
	"math"

	"github.com/cespare/xxhash/v2"
)

// Exclusion lists units that are not analysed, such as those of testers.
type Exclusion struct {
	Units []string `yaml:"units,omitempty" json:"units,omitempty"`
}

// Holdout is a share of all units that is not analysed, whatever they are exposed to. Experiments that name the same one hold out the
// same units.
type Holdout struct {
	Name  string  `yaml:"name" json:"name"`
	Share float64 `yaml:"share" json:"share"` // more than 0, less than 1
}

// Holds says whether a unit is held out: the xxhash64 of the name, a 0 byte and the unit, over 2^64, is below the share.
func (h *Holdout) Holds(unit []byte) bool {
	digest := xxhash.New()
	digest.WriteString(h.Name)
	digest.Write([]byte{0})
	digest.Write(unit)
	return digest.Sum64() < uint64(math.Ceil(math.Ldexp(h.Share, 64)))
}

// Cause is why an exposed unit is not analysed.
type Cause uint8

// The causes, as the stats record's left_out has them.
const (
	Analysed  Cause = iota // it is
	CauseList              // exclude.units has it
	CauseHeld              // the holdout has it, and exclude.units has not
	Causes
)

// String is the word of the stats record.
func (c Cause) String() string { return [Causes]string{"", "listed", "holdout"}[c] }
