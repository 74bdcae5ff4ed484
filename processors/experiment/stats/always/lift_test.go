package always

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// With weights 1 to 1 the prior is Beta(50, 50): unit by unit the chance of the arm by what was seen before it, over its weight
// under the lift, is a rational.
func TestLiftLogEAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Range(1, 99).Draw(t, "control weight"), rapid.Int64Range(0, 120).Draw(t, "control")
		epoch := Epoch{ControlWeight: float64(a), TreatmentWeight: float64(100 - a), Control: b, Treatment: rapid.Int64Range(0, 120).Draw(t, "treatment")}
		lift := float64(rapid.IntRange(-57, 192).Draw(t, "lift")) / 64
		got, reason := LiftLogE([]Epoch{epoch}, lift)
		require.Empty(t, reason)
		want, _ := bigLog(num(0).SetRat(rationalLiftE(epoch, a, lift))).Float64()
		require.InDelta(t, want, got, 1e-12*(10+math.Abs(want)))
	})
}

func rationalLiftE(epoch Epoch, controlPrior int64, lift float64) *big.Rat {
	grown := new(big.Rat).SetFloat64(lift)
	grown.Add(grown, big.NewRat(1, 1))
	treatment := new(big.Rat).Mul(big.NewRat(100-controlPrior, 100), grown) // q(1+lift), over 1 + q lift
	control := big.NewRat(controlPrior, 100)
	whole := new(big.Rat).Add(treatment, control)
	e, before := big.NewRat(1, 1), int64(0)
	arm := func(n, prior int64, weight *big.Rat) {
		share := new(big.Rat).Quo(weight, whole)
		for i := range n {
			e.Mul(e, big.NewRat(prior+i, 100+before))
			e.Quo(e, share)
			before++
		}
	}
	arm(epoch.Control, controlPrior, control)
	arm(epoch.Treatment, 100-controlPrior, treatment)
	return e
}

func TestLiftIntervalEndsAreWhereEIsOneOverAlpha(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		epochs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Epoch {
			return Epoch{
				ControlWeight: rapid.Float64Range(0.01, 1).Draw(t, "wC"), TreatmentWeight: rapid.Float64Range(0.01, 1).Draw(t, "wT"),
				Control: rapid.Int64Range(0, 1e6).Draw(t, "control"), Treatment: rapid.Int64Range(0, 1e6).Draw(t, "treatment"),
			}
		}), 1, 3).Draw(t, "epochs")
		alpha := rapid.Float64Range(1e-6, 0.3).Draw(t, "alpha")
		interval, reason := LiftInterval(epochs, alpha)
		if reason != "" {
			require.Contains(t, []string{stats.ReasonUnbounded, ReasonEpochsDisagree}, reason)
			return
		}
		for _, end := range interval {
			if end < -1+1e-6 || math.IsInf(end, 1) {
				continue // the digits of 1 + lift are gone, or there is no end
			}
			logE, reason := LiftLogE(epochs, end)
			require.Empty(t, reason)
			require.InDelta(t, -math.Log(alpha), logE, 1e-6*(1+math.Abs(logE)))
		}
		middle, _ := LiftLogE(epochs, interval[0]+min(interval[1]-interval[0], 2)/2)
		require.LessOrEqual(t, middle, -math.Log(alpha)+1e-9)
	})
}

func TestLiftBeyondABound(t *testing.T) {
	worse := []Epoch{{ControlWeight: 1, TreatmentWeight: 1, Control: 5000, Treatment: 4500}}
	both, _ := LiftLogE(worse, -0.01)
	below, reason := LiftLogEBelow(worse, -0.01)
	require.Empty(t, reason)
	require.Equal(t, both, below)
	require.Greater(t, below, 3.0)
	above, reason := LiftLogEAbove(worse, -0.01)
	require.Empty(t, reason)
	require.Zero(t, above)
	above, _ = LiftLogEAbove(worse, -0.2)
	require.Greater(t, above, 3.0)
	little, _ := LiftLogEBelow(worse, -0.09)
	require.Zero(t, little, "10 % less is hardly below -9 %")
	_, reason = LiftLogEBelow(worse, -1)
	require.Equal(t, stats.ReasonNotPositive, reason)
}

func TestLiftOfEpochs(t *testing.T) {
	// 10/90 at 5 %, then 50/50 at 6 %: no effect, and pooled weights would see one.
	epochs := []Epoch{
		{ControlWeight: 0.9, TreatmentWeight: 0.1, Control: 450, Treatment: 50},
		{ControlWeight: 0.5, TreatmentWeight: 0.5, Control: 300, Treatment: 300},
	}
	logE, reason := LiftLogE(epochs, 0)
	require.Empty(t, reason)
	require.Less(t, logE, 0.0)
	first, _ := LiftLogE(epochs[:1], 0)
	second, _ := LiftLogE(epochs[1:], 0)
	near(t, first+second, logE, 1e-14, "log e-values add up")
	interval, reason := LiftInterval(epochs, 0.05)
	require.Empty(t, reason)
	require.True(t, interval[0] < 0 && 0 < interval[1])

	without := append([]Epoch{{ControlWeight: 1, Control: 5}, {ControlWeight: 1, TreatmentWeight: math.NaN(), Treatment: 7}, {ControlWeight: 1, TreatmentWeight: 1, Control: -1}}, epochs...)
	again, reason := LiftLogE(without, 0)
	require.Empty(t, reason)
	require.Equal(t, logE, again, "epochs without both weights are left out")

	_, reason = LiftInterval([]Epoch{
		{ControlWeight: 1, TreatmentWeight: 1, Control: 5000, Treatment: 50},
		{ControlWeight: 1, TreatmentWeight: 1, Control: 50, Treatment: 5000},
	}, 0.05)
	require.Equal(t, ReasonEpochsDisagree, reason)
}

func TestLiftWithoutConversions(t *testing.T) {
	even := Epoch{ControlWeight: 1, TreatmentWeight: 1}
	logE, reason := LiftLogE([]Epoch{even}, 0)
	require.Empty(t, reason)
	require.Zero(t, logE)
	_, reason = LiftInterval([]Epoch{even}, 0.05)
	require.Equal(t, stats.ReasonUnbounded, reason)
	none := even
	none.Control = 40
	interval, reason := LiftInterval([]Epoch{none}, 0.05)
	require.Empty(t, reason)
	require.Equal(t, -1.0, interval[0], "no conversion of treatment")
	require.Less(t, interval[1], 0.0)
	some := even
	some.Treatment = 40
	interval, reason = LiftInterval([]Epoch{some}, 0.05)
	require.Empty(t, reason)
	require.Greater(t, interval[0], 0.1, "no conversion of control")
	require.Equal(t, math.Inf(1), interval[1])
	for _, lift := range []float64{-1, -2, math.NaN(), math.Inf(1)} {
		_, reason = LiftLogE([]Epoch{none}, lift)
		require.Equal(t, stats.ReasonNotPositive, reason)
	}
	_, reason = LiftLogE(nil, 0)
	require.Equal(t, stats.ReasonTooFewUnits, reason)
	_, reason = LiftInterval(nil, 0.05)
	require.Equal(t, stats.ReasonTooFewUnits, reason)
}

func TestEvidenceOnlyGrows(t *testing.T) {
	e := Evidence{}
	require.Equal(t, 1.0, e.P())
	for i, logE := range []float64{-1, 1, 0.5, 3.00000000049, 2, math.NaN()} {
		e.Observe(logE, int64(i+1), 0.05)
	}
	require.Equal(t, Evidence{LogE: 3, Crossed: 4}, e)
	near(t, math.Exp(-3), e.P(), 1e-15, "p")
}

func TestReady(t *testing.T) {
	require.Empty(t, Ready(100, 150, false, 1))
	require.Equal(t, ReasonTooFewNonZero, Ready(99, 1000, false, 1))
	require.Equal(t, ReasonTooFewNonZero, Ready(1000, 199, true, 1))
	require.Empty(t, Ready(200, 200, true, 1))
	require.Equal(t, ReasonTooFewNonZero, Ready(599, 600, true, 2))
	require.Empty(t, Ready(600, 600, true, 2))
	require.Empty(t, Ready(100, 100, false, 6))
}

func BenchmarkLogE(b *testing.B) {
	c, s := gaussian(0.01, 0.02, 40_000), Sequence{}
	b.ReportAllocs()
	for b.Loop() {
		s.LogE(c)
	}
}

func BenchmarkLiftInterval(b *testing.B) {
	epochs := []Epoch{{ControlWeight: 1, TreatmentWeight: 1, Control: 2000, Treatment: 2100}}
	b.ReportAllocs()
	for b.Loop() {
		LiftInterval(epochs, 0.05)
	}
}
