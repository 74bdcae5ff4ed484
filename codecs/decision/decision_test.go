package decision_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/codecs/schematest"
)

const example = `{"v":1,"id":"checkout-button|1|errors|treatment","experiment":"checkout-button","run":1,"action":"stop","metric":"errors","variant":"treatment",
 "config_version":7,"pane":1790000060000,"alpha":0.005,"budget":0.01,"log_e":5.500000001,"e":244.691932,"p":0.004086771438464067,"margin":0.01,
 "control":{"n":10021,"sum":"152","mean":0.015168},"treatment":{"n":9987,"sum":"250","mean":0.025033},"reason":"..."}`

const split = `{"v":1,"id":"e|2|split|","experiment":"e","run":2,"action":"stop","metric":"split","variant":"","config_version":1,"pane":1000,
 "alpha":0.001,"budget":0.001,"log_e":800,"e":null,"p":0,"margin":0,"first_seen":{"a":9000,"b":1000},"reason":"..."}`

func parse(t *testing.T, text string) *decision.Record {
	t.Helper()
	var r *decision.Record
	require.NoError(t, decision.Codec.Parse([]byte(text), &r))
	return r
}

func TestExamplesSurvive(t *testing.T) {
	for _, text := range []string{example, split} {
		var plain bytes.Buffer
		require.NoError(t, json.Compact(&plain, []byte(text)))
		data, err := decision.Codec.Append(nil, parse(t, text))
		require.NoError(t, err)
		require.Equal(t, plain.String(), string(data))
		require.NoError(t, schematest.Check(decision.Schema, data))
	}
	r := parse(t, example)
	require.Equal(t, &decision.Arm{N: 9987, Sum: "250", Mean: result.Num(0.025033)}, r.Treatment)
	require.Equal(t, decision.ID("checkout-button", 1, "errors", "treatment"), r.ID)
}

func TestCodecRefusals(t *testing.T) {
	var _ codecs.Codec[*decision.Record] = decision.Codec
	_, err := decision.Codec.Append(nil, nil)
	require.Error(t, err)
	_, err = decision.Codec.Append(nil, &decision.Record{V: 1, ID: "e|1|m|b", Experiment: "e", Run: 2, Metric: "m", Variant: "b", Action: decision.Stop})
	require.EqualError(t, err, `decision: append: id "e|1|m|b", want "e|2|m|b"`)
	kept := &decision.Record{}
	for _, change := range []struct{ from, to string }{
		{`"v":1`, `"v":2`}, {`"run":1`, `"run":2`}, {`"action":"stop"`, `"action":"go"`}, {`"reason":"..."}`, `"reason":"..."} x`}, {`"run":1`, `"run":"1"`},
	} {
		r := kept
		require.Error(t, decision.Codec.Parse([]byte(strings.Replace(example, change.from, change.to, 1)), &r), change.to)
		require.Same(t, kept, r)
	}
	_, err = decision.Codec.Encode("x")
	require.ErrorIs(t, err, codecs.ErrType)
	r, err := decision.Codec.Decode([]byte(strings.Replace(example, `"v":1`, `"later":{},"v":1`, 1)))
	require.NoError(t, err)
	require.Equal(t, decision.Stop, r.(*decision.Record).Action)
}

func TestSchemaRefusesWhatIsNoRecord(t *testing.T) {
	for _, change := range []struct{ from, to string }{
		{`"v":1`, `"v":2`}, {`"action":"stop"`, `"action":"go"`}, {`"log_e":5.500000001,`, ``}, {`"sum":"152"`, `"sum":152`}, {`"n":10021`, `"n":-1`}, {`"reason":"..."`, `"reason":""`},
	} {
		bad := strings.Replace(example, change.from, change.to, 1)
		require.NotEqual(t, example, bad, change.from)
		require.Error(t, schematest.Check(decision.Schema, []byte(bad)), change.to)
	}
}
