package verdict

import (
	"fmt"
	"math"
)

// Harm is what is known of a guardrail that a treatment has harmed beyond its margin.
type Harm struct {
	Metric, Variant, Control string
	Effect                   float64 // relative to the control; NaN where there is none
	Margin                   float64 // relative
	Decrease                 bool    // the goal: less is better
}

// Reason is the sentence that goes with the decision.
func (h Harm) Reason() string {
	side := "lower"
	if h.Decrease {
		side = "higher"
	}
	beyond := fmt.Sprintf("than with %s, and that is more than the margin of %s beyond chance", h.Control, percent(h.Margin))
	if math.IsNaN(h.Effect) {
		return tell(fmt.Sprintf("With %s, %s is %s %s", h.Variant, h.Metric, side, beyond))
	}
	return tell(fmt.Sprintf("With %s, %s is %s %s %s", h.Variant, h.Metric, percent(math.Abs(h.Effect)), side, beyond))
}
