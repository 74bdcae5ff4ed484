package result_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/codecs/schematest"
)

// example is the total record of the documentation.
const example = `{"v":1,"experiment":"checkout-button","run":1,"config_version":7,"grain":"total","as_of":1790000060000,"closed":true,"revision":0,
 "units":{"control":10021,"treatment":9987},"excluded":12,"dropped":{"before_exposure":3,"late":0},
 "split":{"weights":{"control":0.5,"treatment":0.5},"p_sequential":0.81,"chi2":0.058,"p_chi2":0.81,"verdict":"ok"},
 "metrics":{"revenue":{"kind":"mean",
   "variants":{"control":{"n":10021,"sum":"52345.10","mean":5.2235,"variance":31.9},"treatment":{"n":9987,"sum":"54012.00","mean":5.4082,"variance":33}},
   "comparisons":{"treatment":{"method":"welch","difference":0.1847,"relative":0.03536,"se":0.0806,"statistic":2.2923,"df":19987.2,"p":0.0219,"interval":[0.0268,0.3427],
      "relative_interval":[0.0047,0.0661],"p_always":0.31,"interval_always":[-0.05,0.42],"p_adjusted":0.31,"verdict":"collecting","reason":"..."}}}}}`

// compact is text without its white space.
func compact(t *testing.T, text string) string {
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, []byte(text)))
	return b.String()
}

func parse(t *testing.T, text string) *result.Record {
	t.Helper()
	var r *result.Record
	require.NoError(t, result.Codec.Parse([]byte(text), &r))
	return r
}

func TestDocumentedExampleSurvives(t *testing.T) {
	r := parse(t, example)
	data, err := result.Codec.Append(nil, r)
	require.NoError(t, err)
	require.Equal(t, compact(t, example), string(data))
	require.NoError(t, schematest.Check(result.Schema, data))
	require.Equal(t, "checkout-button|total", r.Key())
	p, ok := r.Metrics["revenue"].Comparisons["treatment"].PAlways.Float()
	require.True(t, ok)
	require.Equal(t, 0.31, p)
}

func TestWindowRecord(t *testing.T) {
	r := &result.Record{
		V: result.Version, Experiment: "e", Run: 1, ConfigVersion: 1, Grain: "60s", Start: new(int64(60_000)), End: new(int64(120_000)),
		AsOf: 90_000, Retention: 600_000, Metrics: map[string]result.Metric{"latency": {Kind: "quantile", Variants: map[string]result.Variant{
			"B": {
				UnitsNew: new(int64(0)), Events: new(int64(3)), Mean: result.Num(math.NaN()), Rate: result.Num(0.05),
				P50: result.Num(12), Quantiles: map[string]result.Number{"0.9": result.Null}, Reason: "no_value",
			},
		}}},
	}
	data, err := result.Codec.Append(nil, r)
	require.NoError(t, err)
	require.Equal(t, `{"v":1,"experiment":"e","run":1,"config_version":1,"grain":"60s","start":60000,"end":120000,"as_of":90000,"closed":false,"revision":0,"retention_ms":600000,`+
		`"metrics":{"latency":{"kind":"quantile","variants":{"B":{"units_new":0,"events":3,"mean":null,"rate":0.05,"p50":12,"quantiles":{"0.9":null},"reason":"no_value"}}}}}`,
		string(data))
	require.NoError(t, schematest.Check(result.Schema, data))
	require.Equal(t, "e|60s|60000", r.Key())
	require.Equal(t, r, parse(t, string(data)))
}

func TestSegmentRecord(t *testing.T) {
	r := &result.Record{
		V: result.Version, Experiment: "e", Run: 1, ConfigVersion: 1, Grain: result.Total, Segment: "country=DE",
		Units: map[string]int64{"A": 3}, Excluded: new(int64(0)), Metrics: map[string]result.Metric{},
	}
	data, err := result.Codec.Append(nil, r)
	require.NoError(t, err)
	require.NoError(t, schematest.Check(result.Schema, data))
	require.Equal(t, "e|total|country=DE", r.Key())
	require.Equal(t, r, parse(t, string(data)))
	r.Segment = ""
	data, err = result.Codec.Append(nil, r)
	require.NoError(t, err)
	require.Error(t, schematest.Check(result.Schema, data), "the whole has its drops")
	r.Dropped, r.LeftOut = map[string]int64{}, map[string]int64{"listed": 2}
	r.Split = &result.Split{Weights: map[string]float64{"A": 1}, WorstSegment: "country=DE", PWorstSegment: result.Num(0.25), Verdict: "ok"}
	data, err = result.Codec.Append(nil, r)
	require.NoError(t, err)
	require.NoError(t, schematest.Check(result.Schema, data))
	require.Contains(t, string(data), `"worst_segment":"country=DE","p_worst_segment":0.25`)
	require.Contains(t, string(data), `"left_out":{"listed":2}`)
}

// Everything of a comparison that may be unavailable is null and there; se_pooled and df are left out (case 37).
func TestEmptyTotalHasNullsNotNaN(t *testing.T) {
	r := &result.Record{
		V: result.Version, Experiment: "e", Run: 1, ConfigVersion: 1, Grain: result.Total, Closed: true,
		Units: map[string]int64{}, Excluded: new(int64(0)), Dropped: map[string]int64{}, Split: &result.Split{Weights: map[string]float64{}},
		Metrics: map[string]result.Metric{"m": {
			Kind: "conversion", Variants: map[string]result.Variant{"A": {N: new(int64(0)), Sum: "0", Mean: result.Null, Variance: result.Null, Reason: "n_0"}},
			Comparisons: map[string]result.Comparison{"B": {Method: "z_pooled", Interval: result.Between(math.Inf(-1), math.Inf(1)), Verdict: "collecting", Reason: "n_0"}},
		}},
	}
	data, err := result.Codec.Append(nil, r)
	require.NoError(t, err)
	require.NoError(t, schematest.Check(result.Schema, data))
	require.Contains(t, string(data), `"units":{},"excluded":0,"dropped":{},"split":{"weights":{},"p_sequential":null,"chi2":null,"p_chi2":null,"verdict":""}`)
	require.Contains(t, string(data), `{"A":{"n":0,"sum":"0","mean":null,"variance":null,"reason":"n_0"}}`)
	require.Contains(t, string(data), `{"method":"z_pooled","difference":null,"relative":null,"se":null,"statistic":null,"p":null,"interval":null,`+
		`"relative_interval":null,"p_always":null,"interval_always":null,"p_adjusted":null,"verdict":"collecting","reason":"n_0"}`)
	again, err := result.Codec.Append(nil, parse(t, string(data)))
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))
}

func TestNumbers(t *testing.T) {
	for x, want := range map[float64]string{
		5.2235: "5.2235", 0: "0", 1e21: "1e+21", 1e20: "100000000000000000000", 1e-6: "0.000001", 1e-7: "1e-7", -2.5e-17: "-2.5e-17",
		math.NaN(): "null", math.Inf(1): "null", 1.0 / 3: "0.3333333333333333",
	} {
		require.Equal(t, want, result.Num(x).String())
		std, err := json.Marshal(x)
		if err == nil {
			require.Equal(t, string(std), want)
		}
		var back result.Number
		require.NoError(t, json.Unmarshal([]byte(want), &back))
		require.Equal(t, result.Num(x), back)
	}
	require.Equal(t, "0", result.Num(math.Copysign(0, -1)).String())
	x, ok := result.Null.Float()
	require.True(t, math.IsNaN(x) && !ok)
	require.Equal(t, "null", result.Number{}.String())
	var n result.Number
	require.Error(t, json.Unmarshal([]byte(`"1"`), &n))
}

func TestIntervals(t *testing.T) {
	for text, v := range map[string]result.Interval{
		`[-0.05,0.42]`: result.Between(-0.05, 0.42), `[-1,null]`: result.Between(-1, math.Inf(1)), `null`: result.Between(math.NaN(), math.NaN()),
	} {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, text, string(data))
		var back result.Interval
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, v, back)
	}
	var v result.Interval
	for _, bad := range []string{`[]`, `[1]`, `[1,2,3]`, `{}`, `["a","b"]`} {
		require.Error(t, json.Unmarshal([]byte(bad), &v), bad)
	}
}

// Case 36: the sum of a mean has exactly the metric's decimals.
func TestFormatSum(t *testing.T) {
	big40, _ := new(big.Int).SetString("1234567890123456789012345678901234567890", 10)
	for _, c := range []struct {
		unscaled *big.Int
		decimals int
		want     string
	}{
		{big.NewInt(5234510), 2, "52345.10"}, {big.NewInt(0), 2, "0.00"}, {big.NewInt(0), 0, "0"}, {big.NewInt(-5), 2, "-0.05"},
		{big.NewInt(-500), 2, "-5.00"}, {big.NewInt(7), 0, "7"}, {big40, 6, "1234567890123456789012345678901234.567890"},
	} {
		require.Equal(t, c.want, result.FormatSum(c.unscaled, c.decimals))
	}
}

func TestCodecRefusals(t *testing.T) {
	var _ codecs.Codec[*result.Record] = result.Codec
	_, err := result.Codec.Append(nil, nil)
	require.Error(t, err)
	_, err = result.Codec.Append(nil, &result.Record{Experiment: "e", Grain: "total"})
	require.EqualError(t, err, "result: append e|total: version 0, want 1")
	kept := &result.Record{}
	for _, bad := range []string{``, `{}`, `{"v":2}`, `{"v":1,"run":"x"}`, `null`, `{"v":1} x`} {
		r := kept
		require.Error(t, result.Codec.Parse([]byte(bad), &r), bad)
		require.Same(t, kept, r)
	}
	_, err = result.Codec.Encode("x")
	require.ErrorIs(t, err, codecs.ErrType)
	r, err := result.Codec.Decode([]byte(`{"v":1,"later":{"additions":"ignored"}}`))
	require.NoError(t, err)
	require.Equal(t, 1, r.(*result.Record).V)
}

func TestEqualRecordsHaveEqualBytes(t *testing.T) {
	want, err := result.Codec.Encode(parse(t, example))
	require.NoError(t, err)
	for range 50 {
		got, err := result.Codec.Encode(parse(t, example))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestSchemaRefusesWhatIsNoRecord(t *testing.T) {
	good := compact(t, example)
	for _, change := range []struct{ from, to string }{
		{`"v":1`, `"v":2`}, {`"checkout-button"`, `"Checkout"`}, {`"excluded":12,`, ``}, {`"as_of":1790000060000`, `"as_of":null`},
		{`"grain":"total"`, `"grain":"60s"`}, {`"sum":"52345.10"`, `"sum":52345.1`}, {`"kind":"mean"`, `"kind":"average"`}, {`"n":10021,`, ``},
		{`"interval":[0.0268,0.3427]`, `"interval":[0.0268]`}, {`"p":0.0219,`, ``}, {`"revision":0`, `"revision":-1`}, {`"p_always":0.31`, `"p_always":"NaN"`},
	} {
		bad := bytes.Replace([]byte(good), []byte(change.from), []byte(change.to), 1)
		require.NotEqual(t, good, string(bad), change.from)
		require.Error(t, schematest.Check(result.Schema, bad), change.to)
	}
}
