package event

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudgedKeepsTheFaultAndTheMemory(t *testing.T) {
	var ev Event
	require.NoError(t, Judged.Parse([]byte(`{"id":"a","type":"buy","unit":"u\u0031","ts":1790000000123}`), &ev))
	require.Equal(t, None, ev.Fault)
	require.Equal(t, "u1", string(ev.Unit))
	require.NoError(t, Judged.Parse([]byte(`{"id":"a"`), &ev))
	require.Equal(t, NotJSON, ev.Fault)
	data := []byte(`{"id":"a","type":"buy","unit":"u\u0031","ts":1790000000123,"props":{"k":"v\n"}}`)
	require.NoError(t, Judged.Parse(data, &ev))
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = Judged.Parse(data, &ev) }))
}
