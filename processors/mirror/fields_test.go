package mirror_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/mirror"
)

// documented is the stats record of the documentation, as text.
const documented = `{"v":1,"experiment":"checkout-button","run":1,"config_version":7,"grain":"total","as_of":1790000060000,"closed":true,"revision":0,
 "units":{"control":10021,"treatment":9987},"excluded":12,"dropped":{"late":0,"before_exposure":3},
 "split":{"weights":{"control":0.5,"treatment":0.5},"p_sequential":0.81,"chi2":0.058,"p_chi2":0.81,"verdict":"ok"},
 "metrics":{"revenue":{"kind":"mean",
   "variants":{"control":{"n":10021,"sum":"52345.10","mean":5.2235,"variance":31.9,"matured_n":10000,"matured_sum":"52000.00"},
     "treatment":{"n":9987,"sum":"54012.00","mean":5.4082,"variance":33.0}},
   "comparisons":{"treatment":{"method":"welch","difference":0.1847,"relative":0.03536,"se":0.0806,"statistic":2.2923,"df":19987.2,"p":0.0219,"interval":[0.0268,0.3427],
      "relative_interval":[0.0047,0.0661],"p_always":0.31,"interval_always":[-0.05,0.42],"p_adjusted":0.31,"verdict":"collecting","reason":"why"}}}}}`

func parse(t *testing.T, text string) (rec *result.Record) {
	t.Helper()
	require.NoError(t, result.Codec.Parse([]byte(text), &rec))
	return rec
}

func TestTheDocumentedRecord(t *testing.T) {
	h := start(t)
	h.run(parse(t, documented))
	require.Equal(t, map[string]string{
		"experiment": "checkout-button", "run": "1", "config_version": "7", "as_of": "1790000060000", "closed": "true", "revision": "0",
		"units.control": "10021", "units.treatment": "9987", "excluded": "12", "dropped.late": "0", "dropped.before_exposure": "3",
		"split.verdict": "ok", "split.chi2": "0.058", "split.p_chi2": "0.81", "split.p_sequential": "0.81",
		"split.weights.control": "0.5", "split.weights.treatment": "0.5",
		"control.revenue.n": "10021", "control.revenue.sum": "52345.10", "control.revenue.mean": "5.2235", "control.revenue.variance": "31.9",
		"control.revenue.matured_n": "10000", "control.revenue.matured_sum": "52000.00",
		"treatment.revenue.n": "9987", "treatment.revenue.sum": "54012.00", "treatment.revenue.mean": "5.4082", "treatment.revenue.variance": "33",
		"treatment.revenue.method": "welch", "treatment.revenue.difference": "0.1847", "treatment.revenue.relative": "0.03536",
		"treatment.revenue.se": "0.0806", "treatment.revenue.statistic": "2.2923", "treatment.revenue.df": "19987.2", "treatment.revenue.p": "0.0219",
		"treatment.revenue.interval_low": "0.0268", "treatment.revenue.interval_high": "0.3427",
		"treatment.revenue.relative_interval_low": "0.0047", "treatment.revenue.relative_interval_high": "0.0661",
		"treatment.revenue.interval_always_low": "-0.05", "treatment.revenue.interval_always_high": "0.42",
		"treatment.revenue.p_always": "0.31", "treatment.revenue.p_adjusted": "0.31", "treatment.revenue.verdict": "collecting",
		"treatment.revenue.reason": "why",
		"_topic":                   "abacus.stats", "_offset": "0:0",
	}, h.hash("ab:stats:{checkout-button}"))
	require.Equal(t, []string{"checkout-button"}, h.members())
	require.Zero(t, h.redis.TTL("ab:stats:{checkout-button}"))
}

func TestFieldsOfAWindow(t *testing.T) {
	rec := parse(t, `{"v":1,"experiment":"e","run":2,"config_version":3,"grain":"60s","start":60000,"end":120000,"as_of":90000,"closed":false,"revision":4,
		"metrics":{"latency":{"kind":"quantile","variants":{"B":{"units_new":0,"events":3,"sum":"38.2","mean":12.733333333333333,"rate":0.05,"min":1e-7,
		"max":null,"uniques":2,"p50":12,"p95":1e21,"p99":0.1,"quantiles":{"0.9":14},"reason":"max_lost"}}}}}`)
	require.Equal(t, map[string]string{
		"experiment": "e", "run": "2", "config_version": "3", "as_of": "90000", "closed": "false", "revision": "4", "start": "60000", "end": "120000",
		"B.units_new": "0", "B.latency.events": "3", "B.latency.sum": "38.2", "B.latency.mean": "12.733333333333333", "B.latency.rate": "0.05",
		"B.latency.min": "1e-7", "B.latency.uniques": "2", "B.latency.p50": "12", "B.latency.p95": "1e+21", "B.latency.p99": "0.1",
		"B.latency.quantile_0.9": "14", "B.latency.figures_reason": "max_lost",
	}, mirror.Fields(rec))
}

func TestWhatIsNotAvailableHasNoField(t *testing.T) {
	rec := parse(t, `{"v":1,"experiment":"e","run":1,"config_version":1,"grain":"total","as_of":0,"closed":false,"revision":0,"units":{},"excluded":0,"dropped":{},"left_out":{"listed":3},
		"post_maturity_corrections":5,"reason":{"split":"no_units"},"split":{"weights":{},"p_sequential":null,"chi2":null,"p_chi2":null,"verdict":"ok","reason":"n_0",
		"worst_segment":"c=d","p_worst_segment":0.5,"first_seen":{"A":7,"B":8},"crossed":{"A":0,"B":1}},
		"metrics":{"m":{"kind":"conversion","reason":"no_weights","variants":{"A":{"n":0,"sum":"0","mean":null,"variance":null,"matured_nonzero":0,"matured_drawn":7,"reason":"n_0"}},
		"comparisons":{"B":{"method":"z_pooled","difference":null,"relative":null,"se":null,"statistic":null,"p":null,"interval":null,"relative_interval":[null,2],
		"method_always":"e","p_always":null,"interval_always":null,"interval_always_method":"s","relative_interval_always":[-1,1],"p_adjusted":null,"verdict":"collecting","reason":"n_0"}}}}}`)
	require.Equal(t, map[string]string{
		"experiment": "e", "run": "1", "config_version": "1", "as_of": "0", "closed": "false", "revision": "0", "excluded": "0",
		"post_maturity_corrections": "5", "reason.split": "no_units", "split.verdict": "ok", "split.reason": "n_0",
		"split.worst_segment": "c=d", "split.p_worst_segment": "0.5", "left_out.listed": "3", "split.first_seen.A": "7", "split.first_seen.B": "8", "split.crossed.A": "0", "split.crossed.B": "1", "A.m.matured_nonzero": "0", "A.m.matured_drawn": "7",
		"B.m.method_always": "e", "B.m.interval_always_method": "s", "metrics.m.reason": "no_weights",
		"A.m.n": "0", "A.m.sum": "0", "A.m.figures_reason": "n_0", "B.m.method": "z_pooled", "B.m.verdict": "collecting", "B.m.reason": "n_0",
		"B.m.relative_interval_high": "2", "B.m.relative_interval_always_low": "-1", "B.m.relative_interval_always_high": "1",
	}, mirror.Fields(rec))
}

// A quantile metric shows the figures of its first quantile as any metric does, and those of each by name.
func TestFieldsOfQuantiles(t *testing.T) {
	rec := parse(t, `{"v":1,"experiment":"e","run":1,"config_version":1,"grain":"total","as_of":0,"closed":false,"revision":0,"units":{},"excluded":0,"dropped":{},
		"metrics":{"latency":{"kind":"quantile","variants":{"B":{"n":9,"quantiles":{"0.5":12.5,"0.95":null}}},"comparisons":{"B":{"method":"quantile",
		"difference":2.5,"relative":0.25,"se":1,"statistic":2,"p":0.0455,"interval":[0.5,4.5],"relative_interval":null,"p_always":null,"interval_always":null,
		"p_adjusted":null,"verdict":"","reason":"why","quantiles":{"0.95":{"difference":7,"relative":null,"se":null,"statistic":null,"p":0.5,"interval":[1,9],
		"relative_interval":null,"reason":"same_bin"}}}}}}}`)
	got := mirror.Fields(rec)
	for field, want := range map[string]string{
		"B.latency.n": "9", "B.latency.quantile_0.5": "12.5", "B.latency.difference": "2.5", "B.latency.p": "0.0455",
		"B.latency.quantile_0.95_difference": "7", "B.latency.quantile_0.95_p": "0.5", "B.latency.quantile_0.95_interval_low": "1",
		"B.latency.quantile_0.95_interval_high": "9", "B.latency.quantile_0.95_reason": "same_bin",
	} {
		require.Equal(t, want, got[field], field)
	}
	for _, field := range []string{"B.latency.quantile_0.95", "B.latency.p_always", "B.latency.quantile_0.95_se"} {
		require.NotContains(t, got, field)
	}
}
