package always

// ReasonTooFewNonZero is the reason where an asymptotic sequence must not decide yet.
const ReasonTooFewNonZero = "too_few_nonzero_units"

// Fewest units with a value other than zero in each arm. Measured with 3 % of units at a lognormal(1.5) value and a share of 10 %:
// false positives of 5 % are 9 % with 30 such units, 3 % with 100.
const (
	fewestNonZero  = 100
	fewestUncapped = 200
)

// Ready says why a Sequence must not give a p-value or a verdict yet, from the matured units of each arm whose total is not zero;
// empty where it may. An uncapped metric is one of money, or alike, without a cap: its tails need more. LiftLogE needs none of this.
func Ready(control, treatment int64, uncapped bool) (reason string) {
	fewest := int64(fewestNonZero)
	if uncapped {
		fewest = fewestUncapped
	}
	if min(control, treatment) < fewest {
		return ReasonTooFewNonZero
	}
	return ""
}
