package experiment

import "fmt"

// Layer is the part of a layer that an experiment draws its units from, as shares of all units. Experiments of one layer whose parts
// do not meet never share a unit, where what assigns units goes by them. The traffic is a share of the part.
type Layer struct {
	Name string  `yaml:"name" json:"name"`
	From float64 `yaml:"from,omitempty" json:"from"`
	To   float64 `yaml:"to,omitempty" json:"to"` // not included; default 1
}

// Meets says whether two parts are of one layer and have units in common.
func (l *Layer) Meets(other *Layer) bool {
	return l != nil && other != nil && l.Name == other.Name && l.From < other.To && other.From < l.To
}

// String is the part as people write it: checkout-page [0, 0.5).
func (l *Layer) String() string { return fmt.Sprintf("%s [%v, %v)", l.Name, l.From, l.To) }

func (d *Definition) validateLayer(f *faults) {
	l := d.Layer
	if l == nil {
		return
	}
	f.check(d.Unit == unitEvent, "layer", "is of units, an experiment of unit: event has none, leave it out")
	f.check(!experimentName.MatchString(l.Name), "layer.name", "%q is no name, want a to z, 0 to 9 and -, at most 63, not - first", l.Name)
	f.check(!(l.From >= 0 && l.From < 1), "layer.from", "%v, want at least 0, less than 1", l.From)
	f.check(!(l.To > l.From && l.To <= 1), "layer.to", "%v, want more than from, at most 1", l.To)
}
