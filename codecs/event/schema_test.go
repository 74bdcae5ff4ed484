package event_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/codecs/schematest"
)

// What the schema refuses of these the scanner refuses too, and the other way round.
func TestSchemaAgreesWithTheScanner(t *testing.T) {
	const head = `{"id":"i","type":"t","unit":"u","ts":1790000000000`
	for _, text := range append([]string{
		head + `}`, head + `,"value":"1.5e3"}`, head + `,"value":null}`, head + `,"value":"1."}`, head + `,"value":true}`,
		head + `,"id":""}`, head + `,"ts":"2026-11-20T10:00:00+02:00"}`, head + `,"ts":"2026-11-20"}`, head + `,"ts":1.5}`, head + `,"ts":1}`,
		head + `,"unit":""}`, head + `,"type":"retract"}`, head + `,"type":"retract","ref":"r"}`, head + `,"more":[1]}`,
		`{"id":"i","type":"t","ts":1790000000000}`, `{"id":"i","type":"t","ts":1790000000000,"experiment":"e","variant":""}`,
		`{"id":"i","type":"exposure","ts":1790000000000,"experiment":"e","variant":"v"}`, `{"type":"t","unit":"u","ts":1790000000000}`, `[]`,
	}, examples...) {
		err := schematest.Check(event.Schema, []byte(text))
		require.Equal(t, scan(text).Fault == event.None, err == nil, "%s: %v", text, err)
	}
}

func TestSchemaWantsAnExposureToSayWhatOf(t *testing.T) {
	const head = `{"id":"i","type":"exposure","unit":"u","ts":1790000000000`
	require.NoError(t, schematest.Check(event.Schema, []byte(head+`,"experiment":"e","variant":"v"}`)))
	require.Error(t, schematest.Check(event.Schema, []byte(head+`,"experiment":"e"}`)))
}
