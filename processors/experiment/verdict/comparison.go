package verdict

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
)

// ReasonCorrections is the word for totals that changed after they had matured.
const ReasonCorrections = "post_maturity_corrections"

// Comparison is what is known of one treatment against control by figures that are valid at any time. Those that are not there are NaN.
type Comparison struct {
	Split     string     // verdict on the split
	Corrected bool       // too many totals changed after they had matured
	P         float64    // adjusted over its family
	Alone     float64    // P before that
	Alpha     float64    // the level that P is held against
	Decides   [2]float64 // interval that must be without 0
	Effect    float64    // relative to the control, of matured units, for the words
	Interval  [2]float64 // of Effect
	Until     int64      // when Decides was last without 0, Unix ms; 0: never
	Higher    bool       // above 0 then
	Decrease  bool       // the goal: less is better
	Secondary bool       // may be worse, but never says better
	Missing   string     // why P or Decides is: a reason of stats or always
	Words     []string   // why any figure is, the gravest cause first
}

// Judge gives the verdict and the sentence that goes with it.
func (c Comparison) Judge() (verdict, reason string) {
	switch {
	case c.Split == BrokenSplit:
		return c.told(BrokenSplit, "Units do not come to the variants as the weights say: no result counts before that is repaired")
	case c.Split == BrokenAssignment:
		return c.told(BrokenAssignment, "Too many units were seen in several variants: no result counts before that is repaired")
	case math.IsNaN(c.P), math.IsNaN(c.Decides[0]) && c.P > c.Alpha:
		return c.told(Collecting, c.waiting())
	case c.Corrected:
		c.Words = append([]string{ReasonCorrections}, c.Words...)
		return c.told(Collecting, "More than 1 % of the results changed after they had counted: no result is to be relied on")
	case c.P > c.Alpha:
		return c.told(NoDifference, c.chance())
	}
	return c.differs()
}

// differs is the verdict where the difference is no chance.
func (c Comparison) differs() (verdict, reason string) {
	higher, lower := c.Decides[0] > 0, c.Decides[1] < 0
	goal, effect := "higher is better", c.effect(higher)
	if c.Decrease {
		goal = "lower is better"
	}
	switch {
	case !higher && !lower && c.Until != 0:
		return c.faded()
	case !higher && !lower:
		return c.told(Collecting, c.unclear())
	case higher == c.Decrease:
		return c.told(Worse, effect+", and "+goal)
	case c.Secondary:
		return c.told(Collecting, effect+", but this is a secondary metric: it decides nothing")
	}
	return c.told(Better, effect+", and "+goal)
}

// faded is the verdict where there was a difference of which the results now show none.
func (c Comparison) faded() (verdict, reason string) {
	was, until := Better, time.UnixMilli(c.Until).UTC().Format(time.RFC3339)
	if c.Higher == c.Decrease {
		was = Worse
	}
	now := strings.ToLower(c.chance()[:1]) + c.chance()[1:]
	if was == Better && c.Secondary {
		return c.told(Collecting, "There was a difference until "+until+", of a secondary metric: it decides nothing; now "+now)
	}
	return c.told(NoDifferenceNow+" (was "+was+" until "+until+")", "There was a difference until "+until+"; now "+now)
}

// unclear says why a difference that is none of chance has no side.
func (c Comparison) unclear() string {
	if c.Missing == always.ReasonEpochsDisagree {
		return "There is a difference, but no one effect fits before and after the weights changed"
	}
	return "There is a difference, but too few results to say how large it is"
}

// effect says how far the treatment is from the control.
func (c Comparison) effect(higher bool) string {
	side, low, high := "higher", c.Interval[0], c.Interval[1]
	if !higher {
		side, low, high = "lower", -c.Interval[1], -c.Interval[0]
	}
	switch {
	case math.IsInf(high, 1):
		return "At least " + percent(low) + " " + side + " than control"
	case math.IsNaN(c.Effect):
		return strings.ToUpper(side[:1]) + side[1:] + " than control"
	case math.IsNaN(low) || math.IsNaN(high):
		return percent(math.Abs(c.Effect)) + " " + side + " than control"
	}
	if low <= 0 { // the difference decides, which rests on less than its quotient
		return fmt.Sprintf("%s %s than control (a difference of %.3g to %.3g)", percent(math.Abs(c.Effect)), side, c.Decides[0], c.Decides[1])
	}
	return fmt.Sprintf("%s %s than control (%s to %s)", percent(math.Abs(c.Effect)), side, percent(low), percent(high))
}

// chance says how large an effect there may be.
func (c Comparison) chance() string {
	if math.IsNaN(c.Interval[0]) || math.IsNaN(c.Interval[1]) {
		return "The difference may be chance"
	}
	sign := func(x float64) string {
		if x > 0 {
			return "+" + percent(x)
		}
		return percent(x)
	}
	what := "The difference may be chance"
	if c.Alone <= c.Alpha && c.P > c.Alpha {
		what = "Among so many tests the difference may be chance"
	}
	if math.IsInf(c.Interval[1], 1) {
		return what + ": it is above " + sign(c.Interval[0])
	}
	return fmt.Sprintf("%s: it is between %s and %s", what, sign(c.Interval[0]), sign(c.Interval[1]))
}

// waiting says what a comparison waits for that cannot be judged.
func (c Comparison) waiting() string {
	switch c.Missing {
	case stats.ReasonTooFewUnits:
		return "Too few units have matured: a unit counts when its time for results has passed"
	case always.ReasonTooFewNonZero, stats.ReasonUnbounded:
		return "Too few units have a result yet to judge by"
	case stats.ReasonNoVariance:
		return "All units have the same result so far"
	case stats.ReasonNoDenominator:
		return "There is nothing yet to divide by"
	}
	return "Not to be judged yet"
}

// told makes a sentence, with the words for machines in it.
func (c Comparison) told(verdict, sentence string) (string, string) {
	return verdict, tell(sentence, c.Words...)
}

func tell(sentence string, words ...string) string {
	if len(words) > 0 {
		sentence += " (" + strings.Join(words, "; ") + ")"
	}
	return sentence + "."
}

// percent writes a share with two digits, whole from 10 % on.
func percent(x float64) string {
	x *= 100
	switch abs := math.Abs(x); {
	case abs >= 9.95:
		return strconv.FormatFloat(x, 'f', 0, 64) + " %"
	case abs >= 0.095:
		return strconv.FormatFloat(x, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(x, 'f', 2, 64) + " %"
}
