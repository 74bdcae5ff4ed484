package stats

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// certified is a NIST data set with its mean and standard deviation, to 15 digits.
type certified struct {
	Data        []json.Number
	First       json.Number
	Alternating []json.Number `json:"then_alternating"`
	N           int
	Mean, SD    float64
}

// totals are the values scaled by the finest decimals among them.
func (c certified) totals(t *testing.T) (totals []int64, decimals int) {
	values := c.Data
	if len(c.Alternating) > 0 {
		values = []json.Number{c.First}
		for i := 1; i < c.N; i++ {
			values = append(values, c.Alternating[(i-1)%len(c.Alternating)])
		}
	}
	for _, v := range values {
		_, fraction, _ := strings.Cut(v.String(), ".")
		decimals = max(decimals, len(fraction))
	}
	for _, v := range values {
		totals = append(totals, scaled(t, v, decimals))
	}
	return totals, decimals
}

// scaled is a decimal times 10^decimals, which must be an integer.
func scaled(t *testing.T, text json.Number, decimals int) int64 {
	t.Helper()
	value, ok := new(big.Rat).SetString(text.String())
	require.True(t, ok, text)
	value.Mul(value, new(big.Rat).SetInt(powerOfTen(decimals)))
	require.True(t, value.IsInt() && value.Num().IsInt64(), "%s at %d decimals", text, decimals)
	return value.Num().Int64()
}

func TestNISTUnivariate(t *testing.T) {
	var file struct {
		Datasets, Generated map[string]certified
	}
	readJSON(t, reference(t, vectorsFolder, "nist_strd_univariate.json"), &file)
	require.Len(t, file.Datasets, 4)
	require.Len(t, file.Generated, 4)
	for name, set := range file.Datasets {
		totals, decimals := set.totals(t)
		got := sumsOf(totals...).Sample(decimals)
		near(t, set.Mean, got.Mean, 1e-14, name+" mean")
		near(t, set.SD, math.Sqrt(got.Variance), 1e-14, name+" sd")
	}
	// NumAcc is made to defeat floats: here every digit must be right.
	for name, set := range file.Generated {
		totals, decimals := set.totals(t)
		require.Equal(t, Sample{N: int64(len(totals)), Mean: set.Mean, Variance: square(set.SD)}, sumsOf(totals...).Sample(decimals), name)
	}
}

// square is the nearest float64 to the square of a short decimal: 0.1 gives 0.01, where 0.1*0.1 does not.
func square(x float64) float64 {
	text := new(big.Rat)
	text.SetString(big.NewFloat(x).Text('g', -1))
	return nearest(text.Mul(text, text))
}
