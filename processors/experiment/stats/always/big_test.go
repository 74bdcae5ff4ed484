package always

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

const bits = 240

func num(x float64) *big.Float       { return new(big.Float).SetPrec(bits).SetFloat64(x) }
func add(x, y *big.Float) *big.Float { return num(0).Add(x, y) }
func sub(x, y *big.Float) *big.Float { return num(0).Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return num(0).Mul(x, y) }
func quo(x, y *big.Float) *big.Float { return num(0).Quo(x, y) }

// bigLog is ln x: halvings to [1/2, 1), then 2 artanh((m-1)/(m+1)), and ln 2 by the same series.
func bigLog(x *big.Float) *big.Float {
	m := num(0)
	exponent := x.MantExp(m)
	return add(mul(num(float64(-exponent)), artanhLog(num(0.5))), artanhLog(m))
}

// artanhLog is ln m for m in [1/2, 1).
func artanhLog(m *big.Float) *big.Float {
	u := quo(sub(m, num(1)), add(m, num(1)))
	square, sum, power := mul(u, u), num(0), u
	for j := 1.0; j < 200; j += 2 {
		sum = add(sum, quo(power, num(j)))
		power = mul(power, square)
	}
	return mul(sum, num(2))
}

// decode reads a case again, now into its shape.
func decode(t *testing.T, raw map[string]any) (v published) {
	t.Helper()
	text, err := json.Marshal(raw)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}
