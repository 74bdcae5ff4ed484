package distribution

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// With an integer prior each gamma is a factorial: e = prod over units of (prior + seen before)/(k + all before) / weight, a rational.
func TestDirichletMultinomialAgainstRationals(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		arms := rapid.IntRange(2, 4).Draw(r, "arms")
		prior := make([]int64, arms)
		weights, counts := make([]float64, arms), make([]int64, arms)
		k := int64(0)
		for i := range arms {
			prior[i] = rapid.Int64Range(1, 40).Draw(r, "prior")
			weights[i] = float64(prior[i])
			counts[i] = rapid.Int64Range(0, 400).Draw(r, "count")
			k += prior[i]
		}
		want := logOf(rationalE(counts, prior, k))
		got := DirichletMultinomial(counts, weights, Centred(weights, float64(k)))
		require.InDelta(t, want, got, 1e-12*max(1, math.Abs(want)))
	})
}

// rationalE is the e-value unit by unit: the chance of each unit's arm by what was seen before it, over its weight.
func rationalE(counts, prior []int64, k int64) *big.Rat {
	e, before := big.NewRat(1, 1), int64(0)
	for i, c := range counts {
		for j := range c {
			e.Mul(e, big.NewRat((prior[i]+j)*k, (k+before)*prior[i]))
			before++
		}
	}
	return e
}

func TestDirichletMultinomialOfManyUnits(t *testing.T) {
	for _, c := range []struct {
		counts  []int64
		weights []float64
	}{
		{[]int64{1_000_000, 1_000_000}, []float64{1, 1}},
		{[]int64{1_000_000, 1_008_000}, []float64{0.5, 0.5}},
		{[]int64{100_031, 899_969}, []float64{0.1, 0.9}},
		{[]int64{4_000_000_123, 4_000_100_456, 1_999_900_000}, []float64{0.4, 0.4, 0.2}},
		{[]int64{334_001, 333_002, 332_003}, []float64{1, 1, 1}},
	} {
		want, _ := bigE(c.counts, c.weights, 10_000).Float64()
		near(t, want, DirichletMultinomial(c.counts, c.weights, Centred(c.weights, 10_000)), 1e-12, "log e")
	}
}

const bits = 240

// bigE is the formula as it stands, with gammas of 60 digits. The prior must be in the thousands, for bigLogGamma.
func bigE(counts []int64, weights []float64, k float64) *big.Float {
	total := new(big.Float).SetPrec(bits)
	for _, w := range weights {
		total.Add(total, big.NewFloat(w))
	}
	units := big.NewFloat(k).SetPrec(bits)
	e := bigLogGamma(units)
	for i, c := range counts {
		count := new(big.Float).SetPrec(bits).SetInt64(c)
		w := new(big.Float).Quo(big.NewFloat(weights[i]).SetPrec(bits), total)
		prior := new(big.Float).Mul(w, big.NewFloat(k))
		e.Sub(e, bigLogGamma(prior))
		e.Add(e, bigLogGamma(new(big.Float).Add(prior, count)))
		e.Sub(e, new(big.Float).Mul(count, bigLog(w)))
		units = new(big.Float).Add(units, count)
	}
	return e.Sub(e, bigLogGamma(units))
}

// bigLogGamma is Stirling's series for x >= 1000, less the term 1/2 ln 2 pi, of which the formula has as many up as down.
func bigLogGamma(x *big.Float) *big.Float {
	half := big.NewFloat(0.5).SetPrec(bits)
	sum := new(big.Float).Mul(new(big.Float).Sub(x, half), bigLog(x))
	sum.Sub(sum, x)
	power := new(big.Float).Quo(big.NewFloat(1).SetPrec(bits), x)
	square := new(big.Float).Mul(power, power)
	for _, term := range [][2]int64{{1, 12}, {-1, 360}, {1, 1260}, {-1, 1680}, {1, 1188}, {-691, 360360}, {1, 156}} {
		quotient := new(big.Float).SetPrec(bits).SetRat(big.NewRat(term[0], term[1]))
		sum.Add(sum, quotient.Mul(quotient, power))
		power = new(big.Float).Mul(power, square)
	}
	return sum
}

// bigLog is ln x: halvings to [1/2, 1), then 2 artanh((m-1)/(m+1)), and ln 2 by the same series.
func bigLog(x *big.Float) *big.Float {
	m := new(big.Float).SetPrec(bits)
	exponent := x.MantExp(m)
	halvings := new(big.Float).SetPrec(bits).SetInt64(int64(-exponent))
	return halvings.Mul(halvings, artanhLog(big.NewFloat(0.5).SetPrec(bits))).Add(halvings, artanhLog(m))
}

// artanhLog is ln m for m in [1/2, 1).
func artanhLog(m *big.Float) *big.Float {
	one := big.NewFloat(1).SetPrec(bits)
	u := new(big.Float).Quo(new(big.Float).Sub(m, one), new(big.Float).Add(m, one))
	square := new(big.Float).Mul(u, u)
	sum, power := new(big.Float).SetPrec(bits), new(big.Float).Set(u)
	for j := int64(1); j < 200; j += 2 {
		sum.Add(sum, new(big.Float).Quo(power, new(big.Float).SetInt64(j)))
		power.Mul(power, square)
	}
	return sum.Mul(sum, big.NewFloat(2))
}

func logOf(x *big.Rat) float64 {
	value, _ := bigLog(new(big.Float).SetPrec(bits).SetRat(x)).Float64()
	return value
}

func TestBigLog(t *testing.T) {
	for _, x := range []float64{1e-200, 0.3, 1, 2, 1e9} {
		require.InDelta(t, math.Log(x), logOf(new(big.Rat).SetFloat64(x)), 1e-15*max(1, math.Abs(math.Log(x))))
	}
}

func TestDirichletMultinomialTakesWeightsOfAnyScale(t *testing.T) {
	counts := []int64{1_000_000, 1_008_000}
	one, half := []float64{1, 1}, []float64{0.5, 0.5}
	require.Equal(t, DirichletMultinomial(counts, one, Centred(one, 1000)), DirichletMultinomial(counts, half, Centred(half, 1000)))
	require.Zero(t, DirichletMultinomial([]int64{0, 0}, []float64{1, 3}, []float64{250, 750}))
}

// The published run has a flat prior and weights 2 to 2 to 1; its marginals are the two parts of ln e.
func TestPublishedSequentialSplit(t *testing.T) {
	folder := os.Getenv("ABACUS_VECTORS")
	if folder == "" {
		t.Skip("NOT CHECKED against ssrm_sequential.json: set ABACUS_VECTORS to the folder that holds it")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "ssrm_sequential.json"))
	require.NoError(t, err)
	var file struct {
		UnitLevel struct {
			Data       [][]int64
			Expected   []struct{ M0, M1 float64 }
			Recomputed []struct {
				LogE float64 `json:"log_e"`
				P    float64 `json:"sequential_p"`
			}
		} `json:"unit_level"`
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	run, counts, largest := file.UnitLevel, make([]int64, 3), 0.0
	require.Len(t, run.Data, 5)
	for i, unit := range run.Data {
		for arm, n := range unit {
			counts[arm] += n
		}
		got := DirichletMultinomial(counts, []float64{0.4, 0.4, 0.2}, []float64{1, 1, 1})
		require.InDelta(t, run.Expected[i].M1-run.Expected[i].M0, got, 1e-12)
		require.InDelta(t, run.Recomputed[i].LogE, got, 1e-12)
		largest = max(largest, got)
		near(t, run.Recomputed[i].P, math.Exp(-largest), 1e-12, "p")
	}
}

func TestDevianceHasNoSeam(t *testing.T) {
	for _, x := range []float64{1, 1e3, 1e9} {
		for _, ratio := range []float64{0.1 - 1e-12, 0.1 + 1e-12, -0.1 + 1e-12, -0.1 - 1e-12} {
			expected := x * (1 - ratio) / (1 + ratio)
			direct := x*math.Log(x/expected) - (x - expected)
			near(t, direct, deviance(x, expected, x-expected), 1e-12, "across the series")
		}
	}
	require.Zero(t, deviance(5, 5, 0))
}

func TestStirlingRest(t *testing.T) {
	for _, c := range []struct{ x, rest float64 }{
		{1, 0.081061466795327258},
		{10, 0.0083305634333631113},
		{16, 0.0052076559196096405},
		{1000, 0.000083333330555556349},
	} {
		near(t, c.rest, stirlingRest(c.x), 1e-11, "rest")
	}
	require.InDelta(t, stirlingRest(stirlingFrom-1e-9), stirlingRest(stirlingFrom), 1e-12)
}

func TestNormalUpper(t *testing.T) {
	require.Equal(t, 0.5, NormalUpper(0))
	near(t, NormalP(9)/2, NormalUpper(9), 1e-15, "far above")
	near(t, 1-NormalP(1)/2, NormalUpper(-1), 1e-15, "below")
}
