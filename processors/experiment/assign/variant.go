package assign

import "github.com/abacus-stream/abacus/processors/experiment"

// Of is the variant of a unit in an experiment whose definition is valid; false where the unit is not in it, being outside its part of
// a layer or of its traffic. It goes by the names of experiment and layer alone, so a restarted run keeps its units' variants;
// start, end and holdouts are not looked at.
func Of(d *experiment.Definition, unit string) (variant string, in bool) {
	if d.Layer != nil && !Draws(*d.Layer, unit) {
		return "", false
	}
	traffic := 1.0
	if d.Traffic != nil {
		traffic = *d.Traffic
	}
	weights, sum := make([]float64, len(d.Variants)), 0.0
	for i, v := range d.Variants {
		weights[i] = v.Weight
		sum += v.Weight
	}
	// The weights are not divided by their sum: it is the end of the last range to the last digit, which a unit at the top must be below.
	i := Choose(Share(d.Experiment, unit)*sum, Ranges(weights, traffic))
	if i < 0 {
		return "", false
	}
	return d.Variants[i].Name, true
}

// Draws says whether a layer's part has a unit. Experiments of a layer whose parts do not meet share no unit.
func Draws(l experiment.Layer, unit string) bool {
	share := Share("layer\x00"+l.Name, unit)
	return l.From <= share && share < l.To
}
