package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// TestTailShowsSegmentsAndDecisions: segments where they are asked for, decisions of the experiments that are.
func TestTailShowsSegmentsAndDecisions(t *testing.T) {
	i := install(t)
	require.NoError(t, os.WriteFile("rows.csv", []byte("u,v,x,c\n1,A,1,DE\n2,B,2,DE\n3,A,3,FR\n4,B,9,\n"), 0o600))
	processor := i.start("run")
	processor.says("app started")
	require.Equal(t, "no results yet\n", i.do("tail", "--once").err)
	for _, name := range []string{"shop", "other"} {
		i.must("replay", "rows.csv", "--experiment", name, "--unit", "u", "--variant", "v", "--control", "A", "--metric", "m=mean:x", "--segment", "c=DE", "--wait")
	}
	told := &decision.Record{V: decision.Version, ID: "shop|1|m|B", Experiment: "shop", Run: 1, Action: decision.Alert, Metric: "m", Variant: "B",
		E: result.Null, P: 0.004, Alpha: 0.01, Margin: 0.01, Reason: "It harms."}
	value, err := decision.Codec.Append(nil, told)
	require.NoError(t, err)
	require.NoError(t, i.Client.ProduceSync(t.Context(), &kgo.Record{Topic: "abacus.decisions", Key: []byte("shop"), Value: value}).FirstErr())

	absent := i.do("tail", "--once", "shop", "nosuch")
	require.Equal(t, exitOK, absent.code)
	require.Equal(t, "nosuch: no results yet, or no such experiment: see `abacus experiments list --state all`\n", absent.err)
	plain := i.must("tail", "--once")
	require.Regexp(t, `(?m)^\S+ other m B n=2 .*\n\S+ shop m B n=2 `, plain)
	require.Regexp(t, `(?m)^\S+ shop m B decision=alert p=0.0040 alpha=0.01 margin=1.00% reason="It harms."$`, plain)
	require.NotContains(t, plain, "c=")
	all := i.must("tail", "--once", "--segments", "other")
	require.Regexp(t, `(?s)\S+ other m B n=2 .*\S+ other\|c=DE m B n=1 .*\S+ other\|c=other m B n=1 `, all)
	require.NotContains(t, all, "shop")
	processor.end()
}
