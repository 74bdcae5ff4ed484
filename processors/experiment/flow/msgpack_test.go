package flow

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// asMsgPack is a JSON event as a producer's library writes it: integers as such, other numbers as floats but for value,
// which is exact as text. What is no JSON stays as it is.
func asMsgPack(t require.TestingT, value []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return value
	}
	var b bytes.Buffer
	require.NoError(t, msgpack.NewEncoder(&b).Encode(typed(v, "")))
	return b.Bytes()
}

func typed(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = typed(v[k], k)
		}
	case []any:
		for i := range v {
			v[i] = typed(v[i], "")
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if key == "value" {
			return string(v)
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

// anyEncoding leaves two events of three in JSON.
func anyEncoding(rt *rapid.T, value []byte) []byte {
	if rapid.IntRange(0, 2).Draw(rt, "encoding") == 0 {
		return asMsgPack(rt, value)
	}
	return value
}

// tale is a log with all that an event can meet: duplicates in the other encoding, a conflict, a retraction before its
// target, a unit in two variants, an experiment that is not there yet, a record in a foreign partition, and dead letters.
func tale(t *testing.T, encode func(n int, value []byte) []byte) *story {
	s := tellTo(t, 4, shop)
	n := 0
	put := func(partition int32, unit, text string) {
		s.PipeTo("abacus.events", partition, task.Record{Key: []byte(unit), Value: encode(n, s.at(text))})
		s.Run()
		n++
	}
	event := func(unit, text string) { put(topology.PartitionOf([]byte(unit), 4), unit, text) }
	twice := func(unit, text string) { event(unit, text); event(unit, text) }
	twice("u1", `{"id":"x1","type":"exposure","unit":"u1","experiment":"shop","variant":"A","ts":@0,"config_version":1,"reason":"hash","props":{"country":"DE","age":7,"odd":[1,{"a":null}]}}`)
	twice("u2", `{"id":"x2","type":"exposure","unit":"u2","experiment":"shop","variant":"B","ts":@0}`)
	twice("u1", `{"id":"p1","type":"purchase","unit":"u1","value":12.34,"ts":@1,"props":{"currency":"EUR"}}`)
	event("u1", `{"id":"p2","type":"purchase","unit":"u1","value":"0.1","ts":@2}`)
	event("u1", `{"id":"p2","type":"purchase","unit":"u1","value":0.2,"ts":@2}`)
	event("u2", `{"id":"r1","type":"retract","unit":"u2","ref":"p3","ts":@2}`)
	s.Restart()
	event("u2", `{"id":"p3","type":"purchase","unit":"u2","value":5,"ts":@2}`)
	event("u3", `{"id":"y1","type":"exposure","unit":"u3","experiment":"later","variant":"A","ts":@3}`)
	event("u4", `{"id":"x3","type":"exposure","unit":"u4","experiment":"shop","variant":"A","ts":@3}`)
	event("u4", `{"id":"x4","type":"exposure","unit":"u4","experiment":"shop","variant":"B","ts":@3}`)
	put((topology.PartitionOf([]byte("u1"), 4)+1)%4, "u1", `{"id":"p4","type":"purchase","unit":"u1","value":-1e-1,"ts":@3}`)
	for _, bad := range []string{`{"type":"purchase"}`, `{"id":"b","unit":"u1"}`, `{"id":"b","type":"t","ts":"?"}`, `{"id":"b","type":"t","ts":1}`,
		`{"id":"b","type":"t","unit":"u1","ts":@1,"value":true}`, `{"id":"b","type":"t","ts":@1}`, `{"id":"b","type":"retract","unit":"u1","ts":@1}`} {
		event("u1", bad)
	}
	s.Wipe()
	s.adopt(strings.ReplaceAll(shop, "shop", "later"))
	event("u3", `{"id":"p5","type":"purchase","unit":"u3","value":7.5,"ts":@4}`)
	s.want("shop", "bought A 1 1 matured 0 0", "bought B 1 0 matured 0 0", "spent A 1 12.34 matured 0 0.00", "spent B 1 0.00 matured 0 0.00", "excluded 1", "conflict 1")
	s.want("later", "bought A 1 1 matured 0 0", "spent A 1 7.50 matured 0 0.00")
	s.agrees()
	return s
}

// TestEncodingsOfEventsMakeNoDifference: the statistics and the dead letters are the same byte for byte, but for the values of these.
func TestEncodingsOfEventsMakeNoDifference(t *testing.T) {
	want := tale(t, func(_ int, value []byte) []byte { return value })
	for name, packed := range map[string]func(n int) bool{
		"all": func(int) bool { return true }, "even": func(n int) bool { return n%2 == 0 }, "odd": func(n int) bool { return n%2 == 1 },
	} {
		t.Run(name, func(t *testing.T) {
			got := tale(t, func(n int, value []byte) []byte {
				if packed(n) {
					return asMsgPack(t, value)
				}
				return value
			})
			require.Equal(t, want.Last("abacus.stats"), got.Last("abacus.stats"))
			require.Len(t, got.Records("abacus.dlq"), len(want.Records("abacus.dlq")))
			for i, rec := range got.Records("abacus.dlq") {
				require.Equal(t, want.Records("abacus.dlq")[i].HeaderMap(), rec.HeaderMap())
			}
		})
	}
}

func TestMalformedMessagePackIsADeadLetterAsItCame(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 0)
	bad := []string{"\x81", "\x81\xa1x", "\x80\x80", "\x81\x01\x02", "\x81\xa1x\xa1\xff", "\xdf\xff\xff\xff\xff", "\x81\xa1x\xc1"}
	for _, value := range bad {
		s.PipeTo("abacus.events", 0, task.Record{Key: []byte("u1"), Value: []byte(value)})
	}
	s.Run()
	s.wantDead("not_msgpack 0/1", "not_msgpack 0/2", "not_msgpack 0/3", "not_msgpack 0/4", "not_msgpack 0/5", "not_msgpack 0/6", "not_msgpack 0/7")
	for i, rec := range s.Records("abacus.dlq") {
		require.Equal(t, bad[i], string(rec.Value))
		require.Equal(t, "the value is not exactly one MessagePack map with str keys, all str in UTF-8", rec.HeaderMap()["abacus.error"])
	}
	s.agrees()
}
