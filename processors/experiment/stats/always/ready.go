package always

// ReasonTooFewNonZero is the reason where an asymptotic sequence must not decide yet.
const ReasonTooFewNonZero = "too_few_nonzero_units"

// Fewest units with a value other than zero in each arm. Measured with 3 % of units at a lognormal(1.5) value and a share of 10 %:
// false positives of 5 % are 9 % with 30 such units, 3 % with 100. Tails at the levels of Holm are heavier than at 5 %: six such
// metrics without a cap have one false positive or more in 16 % of runs with 200 units, in 1 % with 600.
const (
	fewestNonZero  = 100
	fewestUncapped = 200
	fewestFamily   = 600
)

// Ready says why a Sequence must not give a p-value or a verdict yet, from the matured units of each arm whose total is not zero;
// empty where it may. An uncapped metric is one of money, or alike, without a cap: its tails need more, and more still where it is one
// of several tests. LiftLogE needs none of this.
func Ready(control, treatment int64, uncapped bool, tests int) (reason string) {
	fewest := int64(fewestNonZero)
	switch {
	case uncapped && tests > 1:
		fewest = fewestFamily
	case uncapped:
		fewest = fewestUncapped
	}
	if min(control, treatment) < fewest {
		return ReasonTooFewNonZero
	}
	return ""
}
