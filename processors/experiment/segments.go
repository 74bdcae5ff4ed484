package experiment

// MaxDimensions is how many dimensions an experiment may be looked at by.
const MaxDimensions = 5

// OtherSegment is the value of units whose prop is missing, or none of those that are listed.
const OtherSegment = "other"

// Dimension is a prop of a unit's first exposure by whose values the experiment is looked at too. A string prop has the value that it
// says, a number, true or false that of its literal; anything else, and what is not listed, is OtherSegment.
type Dimension struct {
	Name   string   `yaml:"name" json:"name"`
	Prop   string   `yaml:"prop,omitempty" json:"prop,omitempty"` // default: the name
	Values []string `yaml:"values" json:"values"`
}

// SegmentNames are the segments of the definition, dimension=value: of each dimension its values as listed, then OtherSegment. A
// segment is known by its place, from 1; 0 is the whole.
func (d *Definition) SegmentNames() (names []string) {
	for i := range d.Segments {
		for _, value := range d.Segments[i].Values {
			names = append(names, d.Segments[i].Name+"="+value)
		}
		names = append(names, d.Segments[i].Name+"="+OtherSegment)
	}
	return names
}
